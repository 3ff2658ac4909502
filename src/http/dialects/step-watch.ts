import type { RuntimeEvent } from '#contract/event.ts'

/** What the stream of a wire says where text that it cannot take back is made anew. */
export const lostAnswer = 'The server was lost; ask again'

/** The same where the server ends the stream itself, because it stops. */
export const endedStream = 'The server ended the stream; the run goes on without it'

/**
 * For wires that cannot take back what they showed of a step: tells of each event, in order,
 * whether it says that another server makes such a step anew. `shown` is what the wire shows.
 */
export function watchSteps(...shown: RuntimeEvent['type'][]): (event: RuntimeEvent) => boolean {
  const sessions = new Set<string>()
  return ({ type, session_id }) => {
    if (type === 'step_started') sessions.delete(session_id)
    if (shown.includes(type)) sessions.add(session_id)
    return type === 'step_restarted' && sessions.has(session_id)
  }
}
