import { expect, test } from 'vitest'
import { splitBlocks } from '../../web/src/state/blocks.ts'

test.each([
  ['paragraphs', 'One\nstill one\n\nTwo', ['One\nstill one\n', 'Two']],
  ['a fence with blank lines', '```ts\na\n\nb\n```\n\nAfter', ['```ts\na\n\nb\n```\n', 'After']],
  ['a fence inside a longer one', '````\n```\n\nx\n````', ['````\n```\n\nx\n````']],
  ['an open fence', 'Before\n\n```\na\n\nb', ['Before\n', '```\na\n\nb']],
  ['a loose list', '1. a\n\n2. b\n\nAfter', ['1. a\n\n2. b\n', 'After']],
  ['what belongs to an item', '- a\n\n  more\n\n- b', ['- a\n\n  more\n\n- b']],
  ['a quote', '> a\n\n> b', ['> a\n\n> b']],
  ['nothing', '', ['']],
])('%s', (_, markdown, blocks) => {
  expect(splitBlocks(markdown)).toEqual(blocks)
})

test('the pieces are the text, and only the last one grows', () => {
  const text = '# T\n\nOne\n\n```\nx\n\ny\n```\n\n- a\n\n- b\n\nEnd'
  let known: string[] = []
  for (let length = 1; length <= text.length; length += 1) {
    const blocks = splitBlocks(text.slice(0, length))
    expect(blocks.join('\n')).toBe(text.slice(0, length))
    expect(blocks.slice(0, known.length - 1)).toEqual(known.slice(0, -1))
    known = blocks
  }
})
