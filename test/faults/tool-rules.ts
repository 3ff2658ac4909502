import type { Evidence, Rule } from './evidence.ts'

export const toolRules: readonly Rule[] = [
  { promise: 'R5', name: 'a call runs once at most', find: findRepeated },
  { promise: 'R5', name: 'a call did what its state says', find: findMisstated },
  { promise: 'R9', name: 'only what was approved runs', find: findUnapproved },
]

function findRepeated({ ledger }: Evidence): string[] {
  const times = new Map<string, number>()
  for (const { callId } of ledger) times.set(callId, (times.get(callId) ?? 0) + 1)
  return [...times]
    .filter(([, count]) => count > 1)
    .map(([callId, count]) => `${callId} ran ${count} times`)
}

const neverRan = ['proposed', 'awaiting', 'approved', 'denied', 'expired']

/** Calls that succeeded and did nothing, or did something and were never begun. */
function findMisstated({ contents, ledger }: Evidence): string[] {
  const executed = new Set(ledger.map(({ callId }) => callId))
  const calls = contents.calls.filter(({ tool }) => tool.startsWith('record'))
  const known = new Set(calls.map(({ id }) => id))
  const unknown = [...executed].filter((id) => !known.has(id))
  return [
    ...unknown.map((id) => `${id} ran and is not stored`),
    ...calls.flatMap(({ id, state }) => {
      if (state === 'succeeded' && !executed.has(id)) return [`${id} succeeded and never ran`]
      return neverRan.includes(state) && executed.has(id) ? [`${id} is ${state} and ran`] : []
    }),
  ]
}

function findUnapproved({ contents, ledger }: Evidence): string[] {
  const approved = new Set(
    contents.approvals.filter(({ status }) => status === 'approved').map((row) => row.toolCallId),
  )
  const executed = new Set(ledger.map(({ callId }) => callId))
  return contents.calls
    .filter(({ id, tool }) => tool === 'record_asked' && executed.has(id) && !approved.has(id))
    .map(({ id }) => `${id} ran without an approval`)
}
