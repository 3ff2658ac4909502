import { relative, resolve } from 'node:path'
import { PostEdit } from '#contract/toolset.ts'
import type { Tool, ToolContext, ToolOutcome, ToolsetFactory } from '#runtime/tool.ts'
import { commandEnvironment } from './command-environment.ts'
import { runToEnd } from './command-tool.ts'
import { compilePathGlob, matchesPathGlob, type PathGlob } from './glob.ts'
import type { ShellOptions } from './shell.ts'
import { createTurns } from './turns.ts'
import { openWorkspace } from './workspace.ts'

/**
 * Adds `post_edit` to filesystem toolsets: commands, such as a formatter, that run after one of the
 * tools wrote a file. Without `--enable-shell` the file is written all the same, and the result says
 * that they did not run.
 */
export function withPostEdit(
  createToolset: ToolsetFactory,
  { enabled, environment }: Omit<ShellOptions, 'workspace'>,
): ToolsetFactory {
  return ({ post_edit, ...config }, place) => {
    const toolset = createToolset(config, place)
    const entries = PostEdit.array().parse(post_edit ?? [])
    if (entries.length === 0) return toolset
    if (place.allowStdio !== true) {
      throw new Error(
        'toolset filesystem: post_edit runs only for agents from files and directories named on the command line',
      )
    }
    const root = typeof config.path === 'string' ? resolve(place.baseDirectory, config.path) : null
    const commands = entries.map(toCommand)
    // What one call wrote and formatted is what the next one reads.
    const turns = createTurns()
    const wrap = (tool: Tool): Tool => {
      if (!writers.has(tool.definition.name)) return tool
      return withCommands(tool, commands.length, (args, context) => {
        const directory = root ?? context.workingDir ?? place.baseDirectory
        return turns(directory, async () => {
          const outcome = await tool.execute(args, context)
          if (outcome.type !== 'result' || outcome.is_error) return outcome
          const { root: base } = await openWorkspace(directory)
          const path = relative(base, resolve(base, String(args.path)))
          const meant = commands.filter(({ glob }) => matchesPathGlob(glob, path))
          if (meant.length === 0) return outcome
          if (!enabled)
            return noted(
              outcome,
              meant.map(({ cmd }) => `${cmd}: ${turnedOff}`),
            )
          const variables = { ...commandEnvironment(environment), path: resolve(base, path) }
          return noted(outcome, await runCommands(meant, { base, variables }, context))
        })
      })
    }
    return { ...toolset, tools: async (session) => (await toolset.tools(session)).map(wrap) }
  }
}

type Command = { cmd: string; glob: PathGlob }

const writers = new Set(['write_file', 'edit_file'])
const turnedOff = 'not run: commands are turned off; start the server with --enable-shell'
/** Seconds of one command. */
const timeout = 60
const writeTimeout = 60

function toCommand({ path, cmd }: PostEdit): Command {
  return { cmd, glob: compilePathGlob(path.includes('/') ? path : `**/${path}`) }
}

/** Nobody knows what the commands do, so the call may not be made twice. */
function withCommands(tool: Tool, count: number, execute: Tool['execute']): Tool {
  const { definition } = tool
  const annotations = { ...definition.annotations, idempotent: false, open_world: true }
  return {
    ...tool,
    definition: { ...definition, effect: 'once', annotations },
    timeout: (writeTimeout + count * (timeout + 10)) * 1000,
    execute,
  }
}

/** Each in turn; what those that failed said. */
async function runCommands(
  commands: Command[],
  {
    base,
    variables: { path, variables, secrets },
  }: { base: string; variables: ReturnType<typeof commandEnvironment> & { path: string } },
  context: ToolContext,
): Promise<string[]> {
  const notes: string[] = []
  for (const { cmd } of commands) {
    const command = {
      command: cmd,
      directory: base,
      environment: { variables: { ...variables, path }, secrets },
      timeout,
    }
    const outcome = await runToEnd(command, context)
    const failed = outcome.type === 'result' && outcome.is_error
    if (failed) notes.push(`${cmd}: ${outcome.output}`)
  }
  return notes
}

function noted(outcome: ToolOutcome & { type: 'result' }, notes: string[]): ToolOutcome {
  if (notes.length === 0) return outcome
  const lines = notes.map((note) => `[after it, ${note}]`)
  return { ...outcome, output: [outcome.output, ...lines].join('\n') }
}
