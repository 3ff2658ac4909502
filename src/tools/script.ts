import { resolve } from 'node:path'
import { z } from 'zod'
import type { JsonSchema } from '#contract/tool.ts'
import type { Tool, Toolset } from '#runtime/tool.ts'
import { commandEnvironment } from './command-environment.ts'
import { runToEnd } from './command-tool.ts'
import { refuseShell, type ShellOptions } from './shell.ts'
import { commandDirectory } from './shell-directory.ts'
import { readToolsetConfig, toolsetOf } from './toolset-config.ts'

/** Makes the factory of script toolsets: each entry of `shell:` is a tool. */
export function createScriptToolset({ enabled, environment }: Omit<ShellOptions, 'workspace'>) {
  return (
    config: Record<string, unknown>,
    { baseDirectory, allowStdio }: { baseDirectory: string; allowStdio?: boolean },
  ): Toolset => {
    const { shell, ...common } = readToolsetConfig('script', fields, config)
    const tools = Object.entries(shell).map(([name, script]) =>
      createScriptTool({
        name,
        script,
        environment,
        baseDirectory,
        isTrusted: allowStdio === true,
      }),
    )
    const toolset = toolsetOf('script', tools, common)
    return enabled ? toolset : { ...toolset, tools: refuseShell }
  }
}

type Script = z.infer<typeof script>

const script = z.strictObject({
  cmd: z.string().min(1),
  description: z.string().optional(),
  args: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  required: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  working_dir: z.string().min(1).optional(),
})
const fields = { shell: z.record(z.string(), script) }
/** Seconds. */
const timeout = 60
/** Bytes of one argument: the system takes no longer variable. */
const longestArgument = 100_000

function createScriptTool({
  name,
  script: { cmd, description, args, required, env, working_dir },
  environment,
  baseDirectory,
  isTrusted,
}: {
  name: string
  script: Script
  environment: ShellOptions['environment']
  baseDirectory: string
  /** From a file of the operator's: its directories may be anywhere. */
  isTrusted: boolean
}): Tool {
  const root = working_dir === undefined ? undefined : resolve(baseDirectory, working_dir)
  const within = isTrusted || root === undefined ? undefined : baseDirectory
  return {
    definition: {
      name,
      description: description ?? `Runs the command: ${cmd}`,
      parameters: toParameters(args, required),
      annotations: { title: name, read_only: false, destructive: true, open_world: true },
      effect: 'once',
    },
    // Stopping it takes some seconds more.
    timeout: (timeout + 10) * 1000,
    async execute(given, context) {
      const { variables, secrets } = commandEnvironment(environment, env)
      // Values are never part of the command's text, so that nothing in them can be a command.
      const values = Object.entries(given).map(([key, value]) => [key, toVariable(key, value)])
      const command = {
        command: cmd,
        directory: await commandDirectory({
          root,
          within,
          session: context,
          workspace: baseDirectory,
        }),
        environment: { variables: { ...variables, ...Object.fromEntries(values) }, secrets },
        timeout,
      }
      return await runToEnd(command, context)
    },
  }
}

function toParameters(args: Script['args'], required = Object.keys(args)): JsonSchema {
  const properties = Object.entries(args).map(([name, schema]) => [
    name,
    Object.keys(schema).some((key) => constraints.has(key))
      ? schema
      : { type: 'string', ...schema },
  ])
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    required,
    additionalProperties: false,
  }
}

/** What already says which values there are. */
const constraints = new Set(['type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref'])

function toVariable(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text.includes('\0')) throw new Error(`${name} holds a NUL character; leave it out.`)
  if (Buffer.byteLength(text) > longestArgument) {
    throw new Error(`${name} is too long: at most ${longestArgument} bytes can be given.`)
  }
  return text
}
