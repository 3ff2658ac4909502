import type { Statements } from './database.ts'
import type { Ids } from './ids.ts'
import type { Scope } from './scope.ts'

/** Something that an administrator may want to know of later. No secrets in `details`. */
export type AuditEntry = {
  actor: string
  /** The operation, as the contract names it. */
  action: string
  /** What it was done to, as `agent/support`. */
  target: string
  details?: Record<string, unknown>
}

/** Writes an entry; with a transaction's statements it is there when the act is. */
export async function writeAudit(
  statements: Statements,
  ids: Ids,
  scope: Scope,
  { actor, action, target, details = {} }: AuditEntry,
): Promise<void> {
  await statements.query(
    `insert into audit_log (id, tenant, actor, action, target, details)
     values ($1, $2, $3, $4, $5, $6::text::jsonb)`,
    [ids.next('aud'), scope.tenant, actor, action, target, JSON.stringify(details)],
  )
}
