import { didYouMean } from '#agents/nearest.ts'
import { AgentFileError } from '#agents/problem.ts'
import { ConfigError, exitCodes, UsageError } from './commands/failure.ts'
import type { CommandName } from './commands/help.ts'
import { commandNames, helpText } from './commands/help.ts'
import type { World } from './commands/world.ts'
import { readEnvironment, version } from './config.ts'

/** Runs the command that the arguments name, says on one line why it failed, and ends the process. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const world: World = {
    environment: readEnvironment(),
    directory: process.cwd(),
    write: (line) => process.stdout.write(`${line}\n`),
    writeError: (line) => process.stderr.write(`${line}\n`),
  }
  const report = (error: unknown) => reportTo(world, argv, error)
  process.stdout.on('error', (error) => endOfReader(error, argv))
  process.on('uncaughtException', (error) => end(report(error)))
  end(await run(argv, world).catch(report))
}

/** Each command is loaded only when it is asked for. */
async function run(argv: readonly string[], world: World): Promise<number> {
  const [name = 'help', ...rest] = argv
  const command = commandOf(name)
  if (command === 'help') return help(world, rest)
  if (asksForHelp(rest)) return help(world, [command])
  switch (command) {
    case 'serve':
      return (await import('./commands/serve.ts')).serve(rest, world)
    case 'validate':
      return (await import('./commands/validate.ts')).validate(rest, world)
    case 'push':
      return (await import('./commands/push.ts')).push(rest, world)
    case 'keys':
      return (await import('./commands/keys.ts')).keys(rest, world)
    case 'doctor':
      return (await import('./commands/doctor.ts')).doctor(rest, world)
    case 'conformance':
      return (await import('./commands/conformance.ts')).conformance(rest, world)
    case 'openapi':
      return (await import('./commands/openapi.ts')).openapi(rest, world)
    case 'version':
      world.write(`parley ${version}`)
      return exitCodes.ok
  }
}

function commandOf(name: string): CommandName {
  if (name === '--help' || name === '-h') return 'help'
  if (name === '--version' || name === '-v') return 'version'
  const command = commandNames.find((candidate) => candidate === name)
  if (command) return command
  if (/\.(ya?ml|json)$/.test(name)) {
    throw new UsageError(`unknown command ${name}; did you mean parley serve ${name}?`)
  }
  const hint = didYouMean(name, commandNames) || `; the commands are ${commandNames.join(', ')}`
  throw new UsageError(`unknown command ${name}${hint}`)
}

function help(world: World, [name]: string[]): number {
  const isCommand = name !== undefined && !name.startsWith('-')
  world.write(helpText(isCommand ? commandOf(name) : undefined).trimEnd())
  return exitCodes.ok
}

function asksForHelp(rest: string[]): boolean {
  const end = rest.indexOf('--')
  const flags = end < 0 ? rest : rest.slice(0, end)
  return flags.includes('--help') || flags.includes('-h')
}

/** Says on one line why it ends; agent files say it on a line for each fault. */
function reportTo(world: World, argv: readonly string[], error: unknown): number {
  const isKnown = error instanceof Error
  if (error instanceof AgentFileError) world.writeError(error.message)
  else world.writeError(`parley: ${isKnown ? error.message : String(error)}`)
  if (isKnown && isDebugging(world, argv)) world.writeError(error.stack ?? '')
  if (error instanceof UsageError) return exitCodes.usage
  const isConfig = error instanceof ConfigError || error instanceof AgentFileError
  return isConfig ? exitCodes.config : exitCodes.failure
}

function isDebugging(world: World, argv: readonly string[]): boolean {
  const level = argv.join(' ').match(/--log-level[ =](\w+)/)?.[1]
  return (level ?? world.environment.PARLEY_LOG_LEVEL) === 'debug'
}

/** Ends the process when all that was written has left it, whatever else is still open. */
function end(code: number): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
}

/** Whoever reads the output may have read enough, as `head` does. */
function endOfReader(error: Error, argv: readonly string[]): void {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
  // A server goes on when nobody reads its start-up lines any more.
  if (argv[0] !== 'serve') process.exit(exitCodes.ok)
}
