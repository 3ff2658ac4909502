import type { AgentHooks, HookCommand, ToolHook } from '#contract/agent-hooks.ts'
import {
  type HookAnswer,
  type HookEvent,
  type HookName,
  type Hooks,
  type HooksFactory,
  noAnswer,
} from '#runtime/hooks.ts'
import type { ToolSession } from '#runtime/tool.ts'
import { commandEnvironment, type Environment } from '../command-environment.ts'
import { readHookOutput } from './hook-output.ts'
import { runHook } from './run-hook.ts'

/**
 * Makes the factory of hooks: commands that get the event as one JSON object on stdin. They run in
 * the folder of the agent's file, never in a directory that a caller chose: what a relative path in
 * them names is the author's.
 */
export function createHooks({
  enabled,
  environment,
}: {
  /** The operator's `--enable-shell`. */
  enabled: boolean
  /** The server's; hooks see little of it. */
  environment: Environment
}): HooksFactory {
  return (hooks, { baseDirectory, trusted }): Hooks => {
    const refusal = refusalOf({ enabled, trusted })
    const chosen = chooseHooks(hooks)
    return {
      has: (name, tool) => chosen(name, tool).length > 0,
      async ask(event, session, signal) {
        const commands = chosen(event.name, 'tool' in event ? event.tool : undefined)
        if (commands.length === 0) return noAnswer
        if (refusal !== null) return { ...noAnswer, failures: [refusal] }
        const input = toInput(event, session, baseDirectory)
        const ask = (hook: HookCommand) =>
          askHook({ hook, name: event.name, input, directory: baseDirectory, environment }, signal)
        return combine(await Promise.all(commands.map(ask)))
      },
    }
  }
}

/** Why hooks do not run, or null. */
function refusalOf({ enabled, trusted }: { enabled: boolean; trusted: boolean }): string | null {
  if (!trusted)
    return 'The hooks do not run: only an agent from a file of the operator may have them'
  if (!enabled) {
    return 'The hooks do not run: running commands is turned off; start the server with --enable-shell'
  }
  return null
}

/** The commands for an event, each once; without a tool, those for any. */
function chooseHooks(hooks: AgentHooks) {
  const tools = {
    pre_tool_use: (hooks.pre_tool_use ?? []).map(withMatcher),
    post_tool_use: (hooks.post_tool_use ?? []).map(withMatcher),
  }
  return (name: HookName, tool?: string): HookCommand[] => {
    switch (name) {
      case 'pre_tool_use':
      case 'post_tool_use': {
        const matching = tools[name].filter(
          ({ pattern }) => tool === undefined || pattern.test(tool),
        )
        return onlyOnce(matching.flatMap((entry) => entry.hooks))
      }
      default:
        return onlyOnce(hooks[name] ?? [])
    }
  }
}

function withMatcher({ matcher = '', hooks }: ToolHook) {
  const isAny = matcher === '' || matcher === '*'
  return { pattern: isAny ? /^/ : new RegExp(`^(?:${matcher})$`), hooks }
}

function onlyOnce(commands: HookCommand[]): HookCommand[] {
  return [...new Map(commands.map((hook) => [hook.command, hook])).values()]
}

function toInput(event: HookEvent, session: ToolSession, baseDirectory: string): string {
  const { name, ...fields } = event
  const common = {
    session_id: session.sessionId,
    cwd: session.workingDir ?? baseDirectory,
    hook_event_name: name,
    agent_name: session.agentName,
  }
  if (!('tool' in fields)) return JSON.stringify({ ...common, ...fields })
  const { tool, callId, input, ...more } = fields
  return JSON.stringify({
    ...common,
    tool_name: tool,
    tool_use_id: callId,
    tool_input: input,
    ...('response' in more ? { tool_response: more.response } : {}),
  })
}

/** Seconds. */
const usualTimeout = 60

async function askHook(
  {
    hook: { command, timeout = usualTimeout },
    name,
    input,
    directory,
    environment,
  }: {
    hook: HookCommand
    name: HookName
    input: string
    directory: string
    environment: Environment
  },
  signal: AbortSignal,
): Promise<HookAnswer> {
  try {
    const { variables } = commandEnvironment(environment)
    const run = { command, directory, environment: variables, input, timeout }
    return readHookOutput(name, await runHook(run, signal))
  } catch (error) {
    signal.throwIfAborted()
    const reason = error instanceof Error ? error.message : String(error)
    return { ...noAnswer, failures: [`The ${name} hook \`${nameOf(command)}\` failed: ${reason}`] }
  }
}

function nameOf(command: string): string {
  const [line = ''] = command.trim().split('\n')
  return line.length > 80 ? `${line.slice(0, 79).toWellFormed()}…` : line
}

const strictness = ['deny', 'ask', 'allow'] as const

/** The strictest decision stands; where two change an argument, the later one in the file. */
function combine(answers: HookAnswer[]): HookAnswer {
  const decision = strictness.find((each) => answers.some((answer) => answer.decision === each))
  const deciding = answers.filter((answer) => answer.decision === decision)
  const inputs = answers.flatMap(({ input }) => input ?? [])
  return {
    decision: decision ?? null,
    reason: joinTexts(
      deciding.map(({ reason }) => reason),
      ' ',
    ),
    input: inputs.length === 0 ? null : Object.assign({}, ...inputs),
    context: joinTexts(
      answers.map(({ context }) => context),
      '\n\n',
    ),
    messages: answers.flatMap(({ messages }) => messages),
    failures: answers.flatMap(({ failures }) => failures),
  }
}

function joinTexts(texts: string[], separator: string): string {
  return texts.filter((text) => text !== '').join(separator)
}
