import { expect, test } from 'vitest'
import type { RuntimeEvent } from '../../src/client/index.ts'
import { createSequence } from '../../src/client/sequence.ts'
import { deltas, toLog } from './sample-log.ts'

const [one, two] = [{ run_id: 'run_1' }, { run_id: 'run_2' }]

test('rows of two runs that were written at once are each cut to what is new', () => {
  const [a, b, c, d] = deltas(['ab', 'cd'])
    .flatMap((body) => [
      { ...body, ...one },
      { ...body, ...two },
    ])
    .flatMap((body, index) => toLog([body], index + 3))
  const rows = [
    ...toLog([{ ...whole('abcdef'), ...one, seq_from: 3 }], 7),
    ...toLog([{ ...whole('abcdefgh'), ...two, seq_from: 4 }], 8),
  ]
  expect(contents([a, b, c, d, ...rows])).toEqual(['ab', 'ab', 'cd', 'cd', 'ef', 'efgh'])
})

test('a row of a part that the reader has nothing of is given whole', () => {
  const earlier = toLog([...deltas(['a long text of an earlier answer'])], 1)
  const [own] = toLog([{ ...whole('short'), seq_from: 3 }], 6)
  expect(contents([...earlier, own])).toEqual(['a long text of an earlier answer', 'short'])
})

test('a reader that begins inside a range gets its whole text with its place', () => {
  const [row] = toLog([{ ...whole('abcdef'), seq_from: 2 }], 6)
  const sequence = createSequence(4)
  expect(row && sequence.admit(row)).toEqual(row)
  expect(sequence.position()).toBe(6)
})

function whole(content: string) {
  return { type: 'agent_choice' as const, content, part: 0, offset: 0 }
}

function contents(events: (RuntimeEvent | undefined)[]): (string | undefined)[] {
  const sequence = createSequence(undefined)
  return events.map((event) => {
    const admitted = event && sequence.admit(event)
    return admitted?.type === 'agent_choice' ? admitted.content : undefined
  })
}
