/**
 * The database's time as this process knows it: what the last commit said plus what passed since on
 * a monotonic clock. A jump of this machine's clock changes nothing.
 */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  /** ISO 8601, UTC, milliseconds. */
  isoNow(): string
  /** Told by whoever heard the database's time. */
  adjust(databaseTime: number): void
}

export function createClock({
  monotonic,
  start,
}: {
  /** Milliseconds; never jumps. */
  monotonic: () => number
  /** Milliseconds since the epoch until the database was heard. */
  start: number
}): Clock {
  let offset = start - monotonic()
  const now = () => Math.floor(monotonic() + offset)
  return {
    now,
    isoNow: () => new Date(now()).toISOString(),
    adjust(databaseTime) {
      offset = databaseTime - monotonic()
    },
  }
}
