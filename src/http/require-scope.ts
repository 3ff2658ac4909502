import type { RequiredScope } from '#contract/access.ts'
import { Problem } from '#contract/problem.ts'
import type { AppContext } from './env.ts'
import { can } from './principal.ts'

/** `forbidden` when the caller of this request lacks the scope. */
export function requireScope(c: AppContext, needed: RequiredScope, reason = ''): void {
  if (can(c.get('principal'), needed)) return
  throw new Problem(
    'forbidden',
    `This takes the scope ${needed}${reason}, which the caller does not have; use a key that has it`,
  )
}

/** What lets a session's tools run without asking is a decision, wherever it is made. */
export function requireApprovalFor(
  c: AppContext,
  { permissions, tools_approved }: { permissions?: unknown; tools_approved?: unknown },
): void {
  if (permissions === undefined && tools_approved === undefined) return
  requireScope(c, 'approvals', ' for permissions and tools_approved')
}
