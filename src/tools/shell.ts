import { resolve } from 'node:path'
import { z } from 'zod'
import type { Tool, ToolSession, Toolset } from '#runtime/tool.ts'
import type { BackgroundJobs } from './background-jobs.ts'
import { commandEnvironment, type Environment } from './command-environment.ts'
import { runToEnd } from './command-tool.ts'
import { defineTool } from './define-tool.ts'
import { commandDirectory } from './shell-directory.ts'
import { createJobTools } from './shell-jobs.ts'
import type { ShellSettings } from './shell-settings.ts'
import { readToolsetConfig, toolsetOf } from './toolset-config.ts'

export type ShellOptions = {
  /** The operator's `--enable-shell`. */
  enabled: boolean
  /** The server's; commands see little of it. */
  environment: Environment
  /** Where commands run in a session without a working directory; absolute. */
  workspace: string
}

/** Makes the factory of shell toolsets; their background jobs are kept in `jobs`. */
export function createShellToolset({
  enabled,
  environment,
  workspace,
  jobs,
}: ShellOptions & { jobs: BackgroundJobs }) {
  return (
    config: Record<string, unknown>,
    { baseDirectory, allowStdio }: { baseDirectory: string; allowStdio?: boolean },
  ): Toolset => {
    const { path, env, ...common } = readToolsetConfig('shell', fields, config)
    const root = path === undefined ? undefined : resolve(baseDirectory, path)
    const within = allowStdio || root === undefined ? undefined : baseDirectory
    const settings: ShellSettings = {
      environment: () => commandEnvironment(environment, env),
      directory: (session: ToolSession, cwd) =>
        commandDirectory({ root, within, session, workspace, cwd }),
    }
    const tools = [createShellTool(settings), ...createJobTools(settings, jobs)]
    const toolset = toolsetOf('shell', tools, common)
    return enabled ? toolset : { ...toolset, tools: refuseShell }
  }
}

/** What `tools` of a toolset does that runs commands while the operator has not turned that on. */
export async function refuseShell(): Promise<never> {
  throw new Error('running commands is turned off; start the server with --enable-shell')
}

const fields = {
  path: z.string().min(1).optional(),
  env: z.record(z.string(), z.string()).optional(),
}
const usualTimeout = 60
const longestTimeout = 600
/** Seconds beyond its own limit after which the runtime gives a call up. */
const margin = 10

function createShellTool({ environment, directory }: ShellSettings): Tool {
  return defineTool({
    name: 'shell',
    description:
      'Runs a command with /bin/sh and shows its output and how it ended. It has no input and no terminal. What it leaves running is killed: use run_background_job for what should go on.',
    input: z.strictObject({
      cmd: z.string().min(1).max(100_000).describe('The command line'),
      cwd: z.string().max(4000).optional().describe('The directory to run it in'),
      timeout: z
        .number()
        .positive()
        .max(longestTimeout)
        .optional()
        .describe(`Seconds after which it is stopped; ${usualTimeout} when missing`),
    }),
    effect: 'once',
    annotations: {
      title: 'Run a command',
      read_only: false,
      destructive: true,
      idempotent: false,
      open_world: true,
    },
    timeout: (longestTimeout + margin) * 1000,
    async execute({ cmd, cwd, timeout = usualTimeout }, context) {
      const command = {
        command: cmd,
        directory: await directory(context, cwd),
        environment: environment(),
        timeout,
      }
      return await runToEnd(command, context)
    },
  })
}
