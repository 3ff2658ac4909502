import type { AgentVersion } from '#contract/agent-edit.ts'
import type { AgentFile } from '#contract/agent-file.ts'

/** Whose agents. */
export type AgentScope = { tenant: string; owner: string | null }

/** Who changes something. */
export type Author = {
  scope: AgentScope
  name: string
  /** Whether code may be among what they write. */
  mayWriteCode: boolean
}

export type StoredAgent = { name: string; revision: number; version: string; file: AgentFile }

export type Revision = Omit<AgentVersion, 'current'>

export type NewRevision = {
  name: string
  version: string
  change: AgentVersion['change']
  file: AgentFile
  createdBy: string
  audit: { actor: string; action: string; target: string }
}

type PageRequest = { limit: number; cursor: string | null; order: 'asc' | 'desc' }

/** What the database keeps of agents; `create`, `update` and `remove` are false when too late. */
export type AgentRows = {
  read(scope: AgentScope, names: string[]): Promise<StoredAgent[]>
  create(scope: AgentScope, made: NewRevision): Promise<boolean>
  update(scope: AgentScope, changed: NewRevision & { revision: number }): Promise<boolean>
  remove(scope: AgentScope, removed: NewRevision & { revision: number }): Promise<boolean>
  record(scope: AgentScope, name: string, revisions: NewRevision[]): Promise<void>
  audit(scope: AgentScope, entry: NewRevision['audit']): Promise<void>
  revisions(
    scope: AgentScope,
    name: string,
    page: PageRequest,
  ): Promise<{ data: Revision[]; next_cursor: string | null }>
  revision(
    scope: AgentScope,
    name: string,
    version?: string,
  ): Promise<(Revision & { file: AgentFile }) | null>
}
