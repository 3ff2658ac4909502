/** How the process ends. */
export const exitCodes = {
  ok: 0,
  /** It could not start or go on. */
  failure: 1,
  /** The command line is wrong. */
  usage: 2,
  /** EX_CONFIG of sysexits.h: a variable, the configuration or an agent file is wrong. */
  config: 78,
} as const

/** The command line cannot be understood. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** The command line is understood, and what it or the environment asks for cannot be done. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}
