import type { RuntimeEvent } from './event.ts'
import { createSessionCheck, type SessionCheck } from './grammar-run.ts'

/**
 * What is wrong with the order of a log's events, from the first event of a run on; empty when it
 * follows the grammar in `event.ts`. `complete`: every run has to be over.
 */
export function checkGrammar(
  events: readonly RuntimeEvent[],
  { complete }: { complete: boolean },
): string[] {
  const sessions = new Map<string, SessionCheck>()
  const problems: string[] = []
  let previous: RuntimeEvent | undefined

  for (const event of events) {
    const found = [...checkSequence(previous, event), ...acceptEvent(event, sessions)]
    problems.push(...found.map((problem) => `seq ${event.seq}: ${problem}`))
    previous = event
  }
  if (!complete) return problems
  for (const [id, session] of sessions) {
    problems.push(...session.unfinished().map((problem) => `session ${id}: ${problem}`))
  }
  return problems
}

function checkSequence(previous: RuntimeEvent | undefined, event: RuntimeEvent): string[] {
  const first = event.seq_from ?? event.seq
  if (first > event.seq) return [`the range begins at ${first}, after its end`]
  if (!previous || first === previous.seq + 1) return []
  return [`follows seq ${previous.seq}`]
}

/** The first session of a log is the root; another one is a sub-agent's and runs inside a call. */
function acceptEvent(event: RuntimeEvent, sessions: Map<string, SessionCheck>): string[] {
  const known = sessions.get(event.session_id)
  const session = known ?? createSessionCheck()
  sessions.set(event.session_id, session)
  const [rootId] = sessions.keys()
  const problems = session.accept(event)
  if (event.type === 'stream_started' && event.session_id !== rootId) {
    const inCall = [...sessions].some(([id, other]) => id !== event.session_id && other.inCall())
    if (!inCall) problems.push(`the run of ${event.session_id} is inside no call`)
  }
  if (event.type === 'sub_session_completed') {
    const sub = sessions.get(event.sub_session_id)
    if (!sub) problems.push(`${event.sub_session_id} never ran`)
    else problems.push(...sub.unfinished())
  }
  if (event.type === 'stream_stopped' && event.session_id === rootId) {
    for (const [id, other] of sessions) {
      if (id !== rootId) problems.push(...other.unfinished())
    }
  }
  return problems
}
