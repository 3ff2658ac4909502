import type { ToolSession } from '#runtime/tool.ts'
import type { Workspace } from './workspace.ts'

/** What the tools share: where they work, and whether version control's files are left out. */
export type FilesystemSettings = {
  ignoreVcs: boolean
  open(session: ToolSession): Promise<Workspace>
}
