import type { Environment } from '../settings.ts'

/** What a command sees of the process it runs in. */
export type World = {
  environment: Environment
  /** Where relative paths start; absolute. */
  directory: string
  /** A line for people or pipes, on stdout. */
  write(line: string): void
  /** A line on stderr. */
  writeError(line: string): void
}
