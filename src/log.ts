export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export type LogFields = Record<string, unknown>

/** One JSON object a line. `fields` never hold keys, prompts or answers. Never throws. */
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
  write,
  now,
  fields = {},
}: {
  level: LogLevel
  write: (line: string) => void
  now: () => Date
  fields?: LogFields
}): Logger {
  const lowest = logLevels.indexOf(level)
  const showStacks = level === 'debug'

  function log(at: LogLevel, message: string, more: LogFields = {}): void {
    if (logLevels.indexOf(at) < lowest) return
    const line = { time: now().toISOString(), level: at, message, ...fields, ...more }
    write(`${toJson(line, showStacks)}\n`)
  }

  return {
    debug: (message, more) => log('debug', message, more),
    info: (message, more) => log('info', message, more),
    warn: (message, more) => log('warn', message, more),
    error: (message, more) => log('error', message, more),
    child: (more) => createLogger({ level, write, now, fields: { ...fields, ...more } }),
  }
}

function toJson(line: LogFields, showStacks: boolean): string {
  try {
    return JSON.stringify(line, (_key, value) => toLoggable(value, showStacks))
  } catch {
    // A cycle or a throwing getter in a field must not break what was being logged.
    return JSON.stringify({ time: line.time, level: line.level, message: line.message })
  }
}

function toLoggable(value: unknown, showStacks: boolean): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (!(value instanceof Error)) return value
  const error = { name: value.name, message: value.message, cause: value.cause }
  return showStacks ? { ...error, stack: value.stack } : error
}
