import type { ToolSession } from '#runtime/tool.ts'
import type { CommandEnvironment } from './command-environment.ts'

/** What the commands of one shell toolset get to see, and where they run. */
export type ShellSettings = {
  environment(): CommandEnvironment
  directory(session: ToolSession, cwd: string | undefined): Promise<string>
}
