import type { MessageRole } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Scope } from '#store/scope.ts'
import type { Beside } from './runtime.ts'

export type TurnRows = {
  /** A message of a session that the caller may run agents in. */
  findTurn(
    scope: Scope,
    place: { session: string; messageId: string },
  ): Promise<{ role: MessageRole; parentId: string | null } | null>
}

/** The message that a new branch follows; null: it begins the conversation anew. */
export async function findBranchPoint(
  rows: TurnRows,
  scope: Scope,
  { session, beside }: { session: string; beside: Beside },
): Promise<{ leaf: string | null }> {
  const { kind, messageId } = beside
  const turn = await rows.findTurn(scope, { session, messageId })
  if (!turn) {
    throw new Problem('not_found', `There is no message ${messageId} in session ${session}`)
  }
  const { role, parentId } = turn
  if (kind === 'message') {
    if (role !== 'user') throw unfit(`Message ${messageId} is not the user's; edit one that is`)
    return { leaf: parentId }
  }
  if (role === 'user') return { leaf: messageId }
  if (role !== 'assistant') {
    throw unfit(`Message ${messageId} is no answer; name one, or the user's message before it`)
  }
  if (parentId === null) throw unfit(`Nothing comes before ${messageId} that could be answered`)
  return { leaf: parentId }
}

function unfit(message: string): Problem {
  return new Problem('validation_failed', message, { errors: [{ path: 'message', message }] })
}
