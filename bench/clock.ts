const DIGITS = 5
const WINDOW = 36 ** DIGITS

export type Clock = () => number

/**
 * Milliseconds on the machine's monotonic clock, comparable between processes: `hrtime` has one
 * origin for all of them, `performance.now()` is the cheaper way to read it.
 */
export function createClock(): Clock {
  const origin = Number(process.hrtime.bigint()) / 1e6 - performance.now()
  return () => origin + performance.now()
}

/** A time as five base-36 digits of microseconds; it wraps around after a minute. */
export function toStamp(time: number): string {
  return (Math.floor(time * 1000) % WINDOW).toString(36).padStart(DIGITS, '0')
}

/** Milliseconds from a stamp's value to `time`, which is less than a minute later. */
export function sinceStamp(stamp: number, time: number): number {
  return ((Math.floor(time * 1000) - stamp + WINDOW) % WINDOW) / 1000
}

/** Milliseconds between the values of two stamps. */
export function betweenStamps(earlier: number, later: number): number {
  return ((later - earlier + WINDOW) % WINDOW) / 1000
}
