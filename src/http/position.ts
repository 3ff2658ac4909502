import { Problem } from '#contract/problem.ts'

export type LogBounds = {
  /** The oldest event kept; head + 1 when there is none. */
  oldest: number
  head: number
}

/**
 * The seq after which a stream begins. `Last-Event-ID` wins over `after`; without both it is
 * `start`.
 */
export function streamPosition({
  lastEventId,
  after,
  start,
  bounds,
}: {
  lastEventId: string | undefined
  after: string | undefined
  start: number
  bounds: LogBounds
}): number {
  const given = lastEventId !== undefined && lastEventId !== '' ? lastEventId : after
  const position = given === undefined ? start : parsePosition(given, bounds)
  if (position > bounds.head) {
    throw new Problem(
      'invalid_json',
      `Event ${position} is ahead of the log, whose newest is ${bounds.head}; ids belong to one session`,
    )
  }
  refuseExpired(position, bounds)
  return position
}

/** Throws when the event after the position is not kept any more. */
export function refuseExpired(position: number, { oldest }: LogBounds): void {
  if (position >= oldest - 1) return
  throw new Problem(
    'events_expired',
    `The events after ${position} are gone; the oldest kept is ${oldest}. Read the session and follow from there`,
    { oldest_seq: oldest },
  )
}

function parsePosition(text: string, bounds: LogBounds): number {
  if (text === 'latest') return bounds.head
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Problem(
    'invalid_json',
    `${JSON.stringify(text)} is no event id: send the id of an event of this session, or after=latest`,
  )
}
