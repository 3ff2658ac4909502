import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Run } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import { type Answer, type Call, type Dialect, json } from './dialect.ts'
import { newMessages, type RaMessage, readRequest, textOf, toPosted } from './ra-messages.ts'
import { createRaView, questionOf } from './ra-view.ts'

/** ra: a chat as a stream or whole, which answers the question that a session waits with. */
export const ra: Dialect = {
  name: 'ra',
  mount: '/compat/ra',
  port: 3000,
  approves: false,
  takesTextBack: false,
  routes: [
    { method: 'post', path: '/chat', scope: 'runs', answer: stream },
    { method: 'post', path: '/chat/sync', scope: 'runs', answer: chat },
    { method: 'get', path: '/sessions', scope: 'read', answer: listSessions },
  ],
  refuse,
}

/** Its pages know no other answer to another route, or another method, than 404. */
function refuse({ code, message }: Problem, status: number): Answer {
  if (code === 'method_not_allowed') return json({ error: 'Not Found' }, 404)
  if (code === 'not_found') return json({ error: 'Not Found' }, status)
  if (code === 'unauthorized') return json({ error: 'Unauthorized' }, status)
  return json({ error: code === 'invalid_json' ? 'Invalid JSON' : message }, status)
}

async function stream(call: Call): Promise<Answer> {
  const { run, after, sessionId } = await begin(call)
  const view = createRaView({ run, sessionId })
  return { type: 'stream', sessionId: run.session_id, after, view }
}

async function chat(call: Call): Promise<Answer> {
  const { sessionId, ...started } = await begin(call)
  const { run } = started
  const seen: { answer: Message | null; question: string | null } = { answer: null, question: null }
  const settled = await call.house.runs.collect(started, (event) => {
    if (event.session_id !== run.session_id) return
    if (event.type === 'elicitation_request') seen.question = questionOf(event)
    if (event.type === 'message_added' && event.message.role === 'assistant') {
      seen.answer = event.message
    }
  })
  const asks = settled.status === 'waiting' && settled.waiting_for?.kind === 'elicitation'
  if (settled.status !== 'completed' && !asks) return json({ error: failureOf(settled) }, 500)
  return json({
    response: seen.answer?.content ?? '',
    sessionId,
    ...(asks && { askUser: seen.question }),
  })
}

/** A session that waits with a question takes the new message as its answer. */
async function begin({ body, house }: Call) {
  const { messages, sessionId } = readRequest(await body({ anyMediaType: true }))
  const known = sessionId === null ? null : await house.sessions.detail(sessionId, 0)
  const stored = known ? await house.sessions.allMessages(known.id) : []
  const fresh = newMessages(messages, stored)
  if (known && known.pending_elicitations.length > 0) {
    return { ...(await answerQuestion(house, known, fresh)), sessionId: sessionId ?? known.id }
  }
  const started = await house.runs.chat({
    messages: fresh.flatMap(toPosted),
    options: { on_max_iterations: 'stop' },
    ...(sessionId !== null && { session: sessionId }),
  })
  return { ...started, sessionId: sessionId ?? started.run.session_id }
}

async function answerQuestion(
  house: Call['house'],
  { id, last_seq: after, pending_elicitations: [asked] }: SessionDetail,
  messages: RaMessage[],
) {
  const said = messages.findLast(({ role }) => role === 'user')
  if (!said || !asked) throw new Problem('validation_failed', 'The session waits for an answer')
  const run = await house.runs.answerElicitation({
    session: id,
    elicitationId: asked.id,
    action: 'accept',
    content: toContent(textOf(said), asked.schema),
  })
  return { run, after, begun: true }
}

/** The text as the field that is asked for; a form of several fields is answered as JSON. */
function toContent(text: string, schema: SessionDetail['pending_elicitations'][number]['schema']) {
  const fields = Object.keys(Object(schema?.properties))
  const value = parsedObject(text)
  if (value) return value
  return { [fields[0] ?? 'answer']: text }
}

function parsedObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : null
  } catch {
    return null
  }
}

async function listSessions({ house }: Call): Promise<Answer> {
  const { data } = await house.sessions.list({ limit: 500 })
  const counts = await house.sessions.countMessages(data.map(({ id }) => id))
  const sessions = data.map(({ id, external_id, created_at }) => ({
    id: external_id ?? id,
    createdAt: created_at,
    messageCount: counts.get(id) ?? 0,
  }))
  return json({ sessions })
}

function failureOf({ error, status }: Run): string {
  if (error) return error.message
  if (status === 'cancelled') return 'The run was cancelled'
  return 'The run waits for somebody; it goes on once they answer over the API'
}
