import type { ToolSession } from '#runtime/tool.ts'
import { openWorkspace } from './workspace.ts'

/**
 * Where a command runs: `cwd` inside the root. Throws a `WorkspaceError` for what is not there or
 * leads out.
 */
export async function commandDirectory({
  root,
  within,
  session,
  workspace,
  cwd = '.',
}: {
  /** Absolute; undefined stands for the session's working directory, else the workspace. */
  root: string | undefined
  /** What the root may not lead out of. */
  within?: string | undefined
  session: ToolSession
  workspace: string
  cwd?: string | undefined
}): Promise<string> {
  const opened = await openWorkspace(root ?? session.workingDir ?? workspace, within)
  const directory = await opened.openDirectory(cwd)
  await directory.close()
  return directory.path
}
