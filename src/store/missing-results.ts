import type { Message } from '#contract/message.ts'

/** The calls of an answer that have no result among the messages, in the model's order. */
export function openCalls(answer: Message | undefined, results: Message[]): string[] {
  const told = new Set(results.map((result) => result.tool_call_id))
  return (answer?.tool_calls ?? []).map(({ id }) => id).filter((id) => !told.has(id))
}

/** Stands for the result of a call that is not over, so that a copied conversation can go on. */
export function missingResult(
  parent: Message,
  { id, callId }: { id: string; callId: string },
): Message {
  return {
    id,
    parent_id: parent.id,
    role: 'tool',
    agent_name: parent.agent_name,
    status: 'complete',
    content: 'There is no result: the call was not over when the conversation was copied.',
    tool_call_id: callId,
    is_error: true,
    created_at: parent.created_at,
  }
}
