import type { Message, ToolCall } from '#contract/message.ts'

/**
 * Ids for the calls of one answer that no earlier call of the conversation has: some servers count
 * from the beginning in every answer, and clients tell calls apart by them.
 */
export function createCallIds(history: readonly Message[]) {
  const own = new Map<string, string>()
  let taken: Set<string> | undefined

  function idOf(id: string): string {
    const known = own.get(id)
    if (known !== undefined) return known
    taken ??= new Set(history.flatMap(({ tool_calls = [] }) => tool_calls.map((call) => call.id)))
    let free = id
    for (let count = 2; taken.has(free); count += 1) free = `${id}_${count}`
    own.set(id, free)
    taken.add(free)
    return free
  }

  return {
    idOf,
    withOwnIds: (calls: ToolCall[]): ToolCall[] =>
      calls.map((call) => ({ ...call, id: idOf(call.id) })),
  }
}
