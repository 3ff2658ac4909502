import type { AgentVersion } from '#contract/agent-edit.ts'
import type { AgentFile } from '#contract/agent-file.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import type { Author } from './agent-rows.ts'

/** Who changes an agent, and by which operation. */
export type Act = { author: Author; operation: string; change: AgentVersion['change'] }

/**
 * Where agents live that the API may change. `create`, `write` and `remove` are false when somebody
 * else was faster: there is an agent of that name, or it is not `current` any more. What they did is
 * served by this instance when they resolve.
 */
export type AgentHome = {
  /** The agent as it is at this moment, whatever this instance knew before. */
  read(author: Author, name: string): Promise<AgentSnapshot | undefined>
  create(act: Act, name: string, file: AgentFile): Promise<boolean>
  write(act: Act, current: AgentSnapshot, next: AgentFile): Promise<boolean>
  remove(act: Act, current: AgentSnapshot): Promise<boolean>
}
