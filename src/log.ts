export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFormat = 'json' | 'text'

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
export const logFormats: readonly LogFormat[] = ['json', 'text']

export type LogFields = Record<string, unknown>

/** One line for each message. `fields` never hold keys, prompts or answers. Never throws. */
export type Logger = {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** The same log with these fields on every line. */
  child(fields: LogFields): Logger
}

export function createLogger({
  level,
  format = 'json',
  write,
  now,
  context = () => undefined,
  fields = {},
}: {
  level: LogLevel
  /** One JSON object a line for programs, or what a person reads in a terminal. */
  format?: LogFormat
  write: (line: string) => void
  now: () => Date
  /** Fields of the work in which a line is written: its request, its run. */
  context?: () => LogFields | undefined
  fields?: LogFields
}): Logger {
  const lowest = logLevels.indexOf(level)
  const showStacks = level === 'debug'
  const toLine = format === 'json' ? toJson : toText

  function log(at: LogLevel, message: string, more: LogFields = {}): void {
    if (logLevels.indexOf(at) < lowest) return
    const time = now().toISOString()
    const line = { time, level: at, message, ...context(), ...fields, ...more }
    write(`${toLine(line, showStacks)}\n`)
  }

  return {
    debug: (message, more) => log('debug', message, more),
    info: (message, more) => log('info', message, more),
    warn: (message, more) => log('warn', message, more),
    error: (message, more) => log('error', message, more),
    child: (more) =>
      createLogger({ level, format, write, now, context, fields: { ...fields, ...more } }),
  }
}

type Line = LogFields & { time: string; level: LogLevel; message: string }

function toJson(line: Line, showStacks: boolean): string {
  try {
    return JSON.stringify(line, (_key, value) => toLoggable(value, showStacks))
  } catch {
    // A cycle or a throwing getter in a field must not break what was being logged.
    return JSON.stringify({ time: line.time, level: line.level, message: line.message })
  }
}

/** `12:34:56.789 INFO  request method=GET status=200`: still one line, whatever a field holds. */
function toText({ time, level, message, ...fields }: Line, showStacks: boolean): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${toWord(value, showStacks)}`],
  )
  const start = `${time.slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${onOneLine(message)}`
  return [start, ...pairs].join(' ')
}

function toWord(value: unknown, showStacks: boolean): string {
  if (typeof value === 'string' && /^[\w.:@/{}+-]+$/.test(value)) return value
  try {
    return JSON.stringify(value, (_key, inner) => toLoggable(inner, showStacks)) ?? '?'
  } catch {
    return '?'
  }
}

function onOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}|\u2028|\u2029/gu, (character) =>
    JSON.stringify(character).slice(1, -1),
  )
}

function toLoggable(value: unknown, showStacks: boolean): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (!(value instanceof Error)) return value
  const error = { name: value.name, message: value.message, cause: value.cause }
  return showStacks ? { ...error, stack: value.stack } : error
}
