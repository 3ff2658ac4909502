/** Variables that make a server process load the faults; for `environment` of `startServerProcess`. */
export function faultEnvironment({
  fault,
  bug,
  log,
  clockOffset,
}: {
  /** `name:action:nth`, several with commas; the names are in points.ts. */
  fault?: string | undefined
  /** A name in seeded-bugs.ts. */
  bug?: string | undefined
  /** The file to which a fault writes that it fires, before it acts. */
  log?: string | undefined
  /** Milliseconds that the process's calendar is ahead of the others'. */
  clockOffset?: number | undefined
}): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=${new URL('hooks.ts', import.meta.url).href}`,
    ...(fault !== undefined && { PARLEY_FAULT: fault }),
    ...(bug !== undefined && { PARLEY_SEEDED_BUG: bug }),
    ...(log !== undefined && { PARLEY_FAULT_LOG: log }),
    ...(clockOffset !== undefined && { PARLEY_CLOCK_OFFSET: String(clockOffset) }),
  }
}
