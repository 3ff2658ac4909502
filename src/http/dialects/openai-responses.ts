import type { Run } from '#contract/run.ts'
import { type Answer, type Call, json } from './dialect.ts'
import { refuseRun } from './openai-errors.ts'
import { invalid, readFields, unsupported } from './openai-fields.ts'
import { inputItemsOf, listItems } from './openai-items.ts'
import { keptOf, type ResponseId, readResponseId, responseName } from './openai-response.ts'
import {
  checkNotExpired,
  countParts,
  deletedIn,
  eventsOf,
  findKept,
  lastPart,
  viewOf,
} from './openai-response-log.ts'
import { readResponseRequest } from './openai-response-request.ts'
import { startResponse, unknownResponse } from './openai-response-start.ts'

export async function createResponse(call: Call): Promise<Answer> {
  const request = readResponseRequest(await readFields(call))
  const { house } = call
  const started = await startResponse(house, request)
  const { run, part, after, answered } = started
  const skipped = { parts: part, clientCalls: answered }
  const view = viewOf(house, { run, part, skipped })
  const { stream, background } = request
  if (stream) {
    const cancel = background ? {} : { cancelOnDisconnect: run.id }
    return { type: 'stream', sessionId: run.session_id, after, view, ...cancel }
  }
  if (background) return json(view.response())
  const settled = await house.runs.collect(started, (event) => void view.show(event), {
    cancelOnDisconnect: true,
  })
  return settled.status === 'failed' ? refuseRun(settled) : json(view.response())
}

/** As it is now, or with `stream` its events from the first, or behind `starting_after`. */
export async function retrieveResponse(call: Call): Promise<Answer> {
  const { house, query } = call
  const { id, run } = await findResponse(call)
  if (query('stream') !== 'true') return json(await readResponse(house, run, id))
  const startingAfter = readStart(query('starting_after'))
  const bounds = await house.events.runBounds(run.id)
  if (!bounds) throw unknownResponse(responseName(id))
  await checkNotExpired(house, bounds)
  return {
    type: 'stream',
    sessionId: bounds.sessionId,
    after: bounds.after,
    view: viewOf(house, { run, part: id.part, startingAfter }),
  }
}

export async function cancelResponse(call: Call): Promise<Answer> {
  const { house } = call
  const { id, run } = await findResponse(call)
  if (!keptOf(run)?.background) {
    throw unsupported('response_id', 'only responses made with background can be cancelled')
  }
  const before = await readResponse(house, run, id)
  if (before.status !== 'in_progress') return json(before)
  const ended = await house.runs.cancel(run.id)
  return json(await readResponse(house, ended, id))
}

/** Others of the session stay; with the last of them the session goes, unless it was given. */
export async function deleteResponse(call: Call): Promise<Answer> {
  const { house } = call
  const { id, run } = await findResponse(call)
  const name = responseName(id)
  const session = await house.sessions.get(run.session_id)
  if (!session) throw unknownResponse(name)
  const others = (await house.runs.list(session.id, { limit: 2 })).data.length > 1
  const given = keptOf(run)?.shown.conversation !== undefined
  if (others || given || id.part > 0) {
    const deleted = [...deletedIn(session.metadata), name]
    await house.sessions.update(session.id, {
      metadata: { ...session.metadata, openai: { deleted } },
    })
  } else {
    await house.sessions.remove(session.id)
  }
  return json({ id: name, object: 'response', deleted: true })
}

export async function listInputItems(call: Call): Promise<Answer> {
  const { id, run } = await findResponse(call)
  return listItems(call, await inputItemsOf(call.house, run, id.part))
}

async function findResponse({ house, params }: Call): Promise<{ id: ResponseId; run: Run }> {
  const name = params.id ?? ''
  const id = readResponseId(name)
  const run = id && (await findKept(house, id))
  if (!id || !run) throw unknownResponse(name)
  const isThere = id.part === 0 || id.part <= lastPart(run, await countParts(house, run))
  if (!isThere) throw unknownResponse(name)
  return { id, run }
}

async function readResponse(house: Call['house'], run: Run, id: ResponseId) {
  const view = viewOf(house, { run, part: id.part })
  for await (const event of eventsOf(house, run)) view.show(event)
  const response = view.response()
  // One that was cancelled before it began has no events that say so.
  const isOver = run.status === 'cancelled' || run.status === 'failed'
  return isOver && !view.isOver() ? { ...response, status: run.status } : response
}

function readStart(text: string | undefined): number {
  if (text === undefined) return -1
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw invalid('starting_after', 'must be a sequence_number')
}
