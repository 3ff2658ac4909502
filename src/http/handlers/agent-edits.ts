import type {
  AgentConfig,
  AgentPatch,
  AgentVersion,
  AgentVersionContent,
  NewAgent,
} from '#contract/agent-edit.ts'
import type { AgentTool, AgentToolPatch, NewAgentTool } from '#contract/agent-tool.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import type { Page, PageRequest, Scope } from '#store/scope.ts'
import type { AppContext } from '../env.ts'
import { can } from '../principal.ts'

export type Author = {
  scope: Scope
  name: string
  /** Whether code may be among what they write. */
  mayWriteCode: boolean
}
export type Guard = { ifMatch?: string | undefined }

/** What can be done to agents; throws a `Problem` for what cannot. */
export type AgentEdits = {
  /** `layout` is what its file is written in, where agents are files. */
  create(author: Author, input: NewAgent, layout?: 'yaml' | 'toml'): Promise<AgentSnapshot>
  update(author: Author, name: string, patch: AgentPatch, guard: Guard): Promise<AgentSnapshot>
  updatePrompt(author: Author, name: string, content: string, guard: Guard): Promise<AgentSnapshot>
  remove(author: Author, name: string, guard: Guard): Promise<void>
  duplicate(author: Author, name: string, newName: string): Promise<AgentSnapshot>
  reload(author: Author, name: string): Promise<AgentSnapshot>
  config(author: Author, name: string): Promise<AgentConfig>
  versions(author: Author, name: string, page: PageRequest): Promise<Page<AgentVersion>>
  version(author: Author, name: string, version: string): Promise<AgentVersionContent>
  restore(author: Author, name: string, version: string, guard: Guard): Promise<AgentSnapshot>
}

/** The same for tools that are made of code. */
export type AgentToolEdits = {
  list(snapshot: AgentSnapshot): AgentTool[]
  create(
    author: Author,
    agent: string,
    input: NewAgentTool,
    guard: Guard,
  ): Promise<{ tool: AgentTool; snapshot: AgentSnapshot }>
  update(
    author: Author,
    agent: string,
    change: { name: string; patch: AgentToolPatch },
    guard: Guard,
  ): Promise<{ tool: AgentTool; snapshot: AgentSnapshot }>
  remove(author: Author, agent: string, name: string, guard: Guard): Promise<void>
}

export function authorOf(c: AppContext): Author {
  const principal = c.get('principal')
  const mayWriteCode = can(principal, 'code:write')
  return { scope: c.get('scope'), name: principal.owner, mayWriteCode }
}

export function etagOf({ version }: AgentSnapshot): { ETag: string } {
  return { ETag: `"${version}"` }
}
