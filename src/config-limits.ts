import type { Rate } from '#http/limits-buckets.ts'
import type { Given } from './commands/arguments.ts'
import { invalid, lastOf, readCount, readSeconds, readSwitch, type Settings } from './settings.ts'

/** How much callers may ask for. */
export type Limits = Readonly<{
  /** Bytes of a request's body. */
  body: number
  /** Requests of a caller; null for any number. */
  rate: Rate | null
  /** The rate is the standard one, which does not hold for callers without a key on loopback. */
  isStandardRate: boolean
  /** X-Forwarded-For is written by a proxy of the operator's own. */
  trustProxy: boolean
  /** Connections that stay open, on this instance and of one key. */
  streams: Readonly<{ instance: number; key: number }>
  /** Runs of one key that run at once. */
  keyRuns: number
  /** Seconds that approvals and questions wait for an answer. */
  approvalTimeout: number
}>

export function readLimits(settings: Settings): Limits {
  const rate = settings.get('rate-limit')
  return {
    body: readAtLeastOne(settings.get('max-body'), 1024 * 1024, readSeconds),
    rate: rate === undefined ? { perMinute: 600, burst: 120 } : readRate(rate),
    isStandardRate: rate === undefined,
    trustProxy: readSwitch(settings.get('trust-proxy')),
    streams: Object.freeze({
      instance: readAtLeastOne(settings.get('max-streams'), 2000, readCount),
      key: readAtLeastOne(settings.get('max-key-streams'), 50, readCount),
    }),
    keyRuns: readAtLeastOne(settings.get('max-key-runs'), 10, readCount),
    approvalTimeout: readAtLeastOne(settings.get('approval-timeout'), 24 * 60 * 60, readSeconds),
  }
}

/** `600`, or `600/120` with the burst; zero is for no limit. */
function readRate(given: Given): Rate | null {
  const text = lastOf(given) ?? ''
  const match = /^(\d{1,6})(?:\/(\d{1,6}))?$/.exec(text)
  const perMinute = Number(match?.[1])
  // A fifth of a minute's requests at once, as the standard has it.
  const burst = match?.[2] === undefined ? Math.max(1, Math.ceil(perMinute / 5)) : Number(match[2])
  if (!match || burst === 0 || (perMinute === 0 && match[2] !== undefined)) {
    throw invalid(
      given,
      `${JSON.stringify(text)} is no rate; write 600, or 600/120 for 600 requests a minute and 120 at once, or 0 for no limit`,
    )
  }
  return perMinute === 0 ? null : { perMinute, burst }
}

function readAtLeastOne(
  given: Given | undefined,
  otherwise: number,
  read: (given: Given | undefined, otherwise: number) => number,
): number {
  const value = read(given, otherwise)
  if (value > 0) return value
  throw invalid(given, 'must be 1 at least')
}
