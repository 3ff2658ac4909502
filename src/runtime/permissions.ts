import type { Permissions, ToolDefinition } from '#contract/tool.ts'
import { coversCommand, touchesCommand } from './shell-rules.ts'

export type Verdict = 'run' | 'ask' | 'deny'

/** Everything that has a say, from the session down to the server. */
export type Rules = {
  session: Permissions
  agent: Permissions
  server: Permissions
  /** Everything in the session was approved. */
  toolsApproved: boolean
  /** Tools that were approved for the rest of the session. */
  allowedTools: string[]
}

/**
 * Whether a call may run. Deny always wins, also over approve-all; then what was allowed; then what
 * asks; what reads or touches nothing outside runs; everything else asks.
 */
export function decide(
  { definition, harmless = false }: { definition: ToolDefinition; harmless?: boolean },
  args: Record<string, unknown>,
  rules: Rules,
): Verdict {
  const lists = [rules.session, rules.agent, rules.server]
  const matches = (kind: keyof Permissions) =>
    lists.some((list) =>
      list[kind]?.some((pattern) =>
        namesFor(kind, definition.name).some((name) => matchesCall(pattern, name, args, kind)),
      ),
    )
  if (matches('deny')) return 'deny'
  if (rules.toolsApproved || rules.allowedTools.includes(definition.name)) return 'run'
  if (matches('allow')) return 'run'
  if (matches('ask')) return 'ask'
  return harmless || definition.annotations.read_only ? 'run' : 'ask'
}

/** Whether there are arguments with which a call of the tool asks. */
export function mayAsk(
  tool: { definition: ToolDefinition; harmless?: boolean },
  rules: Rules,
): boolean {
  const widen = ({ allow, ask }: Permissions): Permissions => ({
    ...(allow ? { allow } : {}),
    ask: (ask ?? []).flatMap((pattern) => splitConditions(pattern).slice(0, 1)),
  })
  const { session, agent, server } = rules
  const widened = { session: widen(session), agent: widen(agent), server: widen(server) }
  return decide(tool, {}, { ...rules, ...widened }) === 'ask'
}

/** What denies or asks about commands does so wherever they run. */
function namesFor(kind: keyof Permissions, tool: string): string[] {
  return tool === 'run_background_job' && kind !== 'allow' ? [tool, 'shell'] : [tool]
}

/** Arguments that hold command lines, whoever's tool it is. */
const commandArguments = new Set(['cmd', 'command'])

/**
 * `tool` or `tool:arg=glob[:arg2=glob2]`; case-insensitive; every named argument must match. A
 * command line is read as a shell reads it: to be allowed it must be one command of plain words, to
 * be asked about or denied it is enough that such a command is in it.
 */
export function matchesCall(
  pattern: string,
  tool: string,
  args: Record<string, unknown>,
  kind: keyof Permissions = 'allow',
): boolean {
  const [name = '', ...conditions] = splitConditions(pattern)
  if (!matchesGlob(name, tool)) return false
  return conditions.every((condition) => {
    const equals = condition.indexOf('=')
    if (equals < 0) return false
    const argument = condition.slice(0, equals)
    const glob = condition.slice(equals + 1)
    const value = Object.hasOwn(args, argument) ? args[argument] : undefined
    if (value === undefined) return false
    if (typeof value !== 'string') return matchesGlob(glob, JSON.stringify(value))
    if (!commandArguments.has(argument)) return matchesGlob(glob, value)
    const matchesCommand = kind === 'allow' ? coversCommand : touchesCommand
    return matchesCommand(glob, value, matchesGlob)
  })
}

/** A colon begins a condition only where `name=` follows, so that globs may hold colons. */
function splitConditions(pattern: string): string[] {
  return pattern.split(/:(?=[\w-]+=)/)
}

/** `*` is any run of characters, `?` one. Never exponential: only the last star is returned to. */
export function matchesGlob(glob: string, text: string): boolean {
  const pattern = glob.toLowerCase()
  const subject = text.toLowerCase()
  let p = 0
  let s = 0
  let star = -1
  let mark = 0
  while (s < subject.length) {
    if (
      p < pattern.length &&
      (pattern[p] === '?' || (pattern[p] === subject[s] && pattern[p] !== '*'))
    ) {
      p += 1
      s += 1
    } else if (pattern[p] === '*') {
      star = p
      mark = s
      p += 1
    } else if (star >= 0) {
      p = star + 1
      mark += 1
      s = mark
    } else return false
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}
