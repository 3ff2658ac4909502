import type { RuntimeEvent } from '#contract/event.ts'
import { Problem } from '#contract/problem.ts'
import type { Run } from '#contract/run.ts'
import type { Call } from './dialect.ts'
import { hasSchema } from './openai-agent.ts'
import { isFields } from './openai-fields.ts'
import { keptOf, type ResponseId, responseName } from './openai-response.ts'
import { createResponseView } from './openai-response-view.ts'

type House = Call['house']

/** The run of a response that somebody may come back to. */
export async function findKept(house: House, id: ResponseId): Promise<Run | null> {
  const run = await house.runs.get(id.runId)
  if (!run || !keptOf(run)?.store) return null
  const session = await house.sessions.get(run.session_id)
  return session && !deletedIn(session.metadata).includes(responseName(id)) ? run : null
}

/** The responses of a session that were deleted while others of it are kept. */
export function deletedIn({ openai }: Record<string, unknown>): string[] {
  if (!isFields(openai) || !Array.isArray(openai.deleted)) return []
  return openai.deleted.filter((id) => typeof id === 'string')
}

export function viewOf(
  house: House,
  place: Omit<Parameters<typeof createResponseView>[0], 'structured'>,
) {
  const text = keptOf(place.run)?.shown.text
  const format = isFields(text) && isFields(text.format) ? text.format.type : 'text'
  return createResponseView({
    ...place,
    structured: format !== 'text' || hasSchema(house, place.run),
  })
}

/** The events of a run so far, of its sub-agents too. */
export async function* eventsOf(house: House, run: Run): AsyncGenerator<RuntimeEvent> {
  const bounds = await house.events.runBounds(run.id)
  if (!bounds) throw new Problem('not_found', 'The response is gone')
  await checkNotExpired(house, bounds)
  let after = bounds.after
  for (;;) {
    const page = await house.events.page(bounds.sessionId, { after, limit: 500 })
    for (const event of page ?? []) {
      if (bounds.last !== null && event.seq > bounds.last) return
      yield event
    }
    const end = page?.at(-1)?.seq
    if (end === undefined || end === bounds.last) return
    after = end
  }
}

/** A response is nothing but its events. */
export async function checkNotExpired(
  house: House,
  { sessionId, after }: { sessionId: string; after: number },
): Promise<void> {
  const log = await house.events.bounds(sessionId)
  if (!log || log.oldest <= after + 1) return
  throw new Problem('events_expired', 'The events of the response are older than is kept', {
    oldest_seq: log.oldest,
  })
}

/** How often a run has asked its caller for results: as many responses of it are over. */
export async function countParts(house: House, run: Run): Promise<number> {
  let parts = 0
  for await (const event of eventsOf(house, run)) {
    if (event.type !== 'run_waiting' || event.session_id !== run.session_id) continue
    if (event.reason === 'client_tool') parts += 1
  }
  return parts
}

/** The newest response of a run; while it waits for results there is none behind them yet. */
export function lastPart({ waiting_for: waiting }: Run, parts: number): number {
  return waiting?.kind === 'client_tool' ? parts - 1 : parts
}

export async function lastMessageOf(house: House, run: Run): Promise<string | null> {
  let last: string | null = null
  for await (const event of eventsOf(house, run)) {
    if (event.session_id !== run.session_id) continue
    if (event.type === 'message_added' || event.type === 'user_message') last = event.message_id
  }
  return last
}
