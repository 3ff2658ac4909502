import { resolve } from 'node:path'
import { z } from 'zod'
import type { Tool, ToolSession, Toolset } from '#runtime/tool.ts'
import { createReadTools } from './filesystem-read.ts'
import { createSearchTool } from './filesystem-search.ts'
import type { FilesystemSettings } from './filesystem-settings.ts'
import { createWriteTools } from './filesystem-write.ts'
import { readToolsetConfig, toolsetOf } from './toolset-config.ts'
import { openWorkspace } from './workspace.ts'
import { codeOf, explained, WorkspaceError } from './workspace-error.ts'

/**
 * Tools that read and write files below one directory: the entry's `path` (relative to the agent
 * file), else the session's working directory.
 */
export function createFilesystemToolset(
  config: Record<string, unknown>,
  { baseDirectory, allowStdio }: { baseDirectory: string; allowStdio?: boolean },
): Toolset {
  const { path, read_only, ignore_vcs, ...common } = readToolsetConfig('filesystem', fields, config)
  const files: FilesystemSettings = {
    ignoreVcs: ignore_vcs,
    open: async (session) =>
      path === undefined
        ? await openWorkspace(workingDirOf(session))
        : await openWorkspace(resolve(baseDirectory, path), allowStdio ? undefined : baseDirectory),
  }
  const readers = [...createReadTools(files), createSearchTool(files)]
  const tools = read_only ? readers : [...readers, ...createWriteTools(files)]
  return toolsetOf('filesystem', tools.map(withSafeErrors), common)
}

const fields = {
  path: z.string().min(1).optional(),
  ignore_vcs: z.boolean().default(true),
  read_only: z.boolean().default(false),
}

function workingDirOf(session: ToolSession): string {
  if (session.workingDir !== null) return session.workingDir
  throw new WorkspaceError(
    'No directory is set to work in. Tell the user to set working_dir on the session, or path on the filesystem toolset in the agent file.',
  )
}

/** The system's own errors name paths of the server; the model gets a sentence without them. */
function withSafeErrors(tool: Tool): Tool {
  return {
    ...tool,
    execute: async (args, context) =>
      await tool.execute(args, context).catch((error: unknown) => {
        throw codeOf(error).startsWith('E') ? explained(error, 'The path') : error
      }),
  }
}
