import { expect, test } from 'vitest'
import {
  editableText,
  locateProblems,
  readAgentText,
  toText,
} from '../../web/src/state/agent-text.ts'
import { diffLines } from '../../web/src/state/text-diff.ts'

const text = `# ours
agents:
  root:
    description: Helps
    toolsets:
      - type: think
      - { type: mcp, command: sh }
`

test('a problem is on the line of what its path names, or of the last that is there', () => {
  const errors = [
    { path: 'config.agents.root.description', message: 'no' },
    { path: 'config.agents.root.toolsets.1.command', message: 'may not be named' },
    { path: 'config.agents.root.model', message: 'is missing' },
    { path: 'config', message: 'nothing' },
  ]
  const lines = locateProblems(text, errors).map(({ line }) => line)
  expect(lines).toEqual([4, 7, 3, 2])
})

test.each([
  ['an open list', 'agents:\n  root: [\n', 3],
  ['two keys of one name', 'agents:\n  root: {}\n  root: {}\n', 3],
  ['no agents', 'hello', 1],
  ['nothing', '', 1],
  ['an alias to nothing', 'agents: *none', 1],
])('%s is a problem with its line', (_, source, line) => {
  expect(readAgentText(source).problems?.[0]?.line).toBe(line)
})

test('a text that says what the server read is edited as it is written, another one is not', () => {
  const { file } = readAgentText(text)
  if (!file) throw new Error('the text has problems')
  expect(editableText(text, file)).toBe(text)
  const other = { agents: { root: { ...file.agents.root, instruction: 'You\nhelp.\n' } } }
  expect(editableText(text, other)).toBe(toText(other))
  expect(readAgentText(toText(other))).toEqual({ file: other })
})

test('a difference holds both texts', () => {
  const before = 'a\nb\nc\nd\ne'
  const after = 'a\nx\nc\ne\nf'
  const lines = diffLines(before, after)
  expect(lines.map(({ kind, text }) => `${kind[0]} ${text}`)).toEqual([
    's a',
    'r b',
    'a x',
    's c',
    'r d',
    's e',
    'a f',
  ])
  const side = (without: string) =>
    lines.flatMap(({ kind, text }) => (kind === without ? [] : [text])).join('\n')
  expect([side('added'), side('removed')]).toEqual([before, after])
  expect(diffLines('', '')).toEqual([{ kind: 'same', text: '' }])
})
