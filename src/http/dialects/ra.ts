import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Run } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import { type Answer, type Call, type Dialect, json } from './dialect.ts'
import {
  newMessages,
  type RaMessage,
  readRequest,
  splitHistory,
  textOf,
  toPosted,
  toTold,
} from './ra-messages.ts'
import { createRaView, questionOf, showQuestion } from './ra-view.ts'
import { toldSession } from './told-session.ts'

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
  const { run, after, sessionId, asked } = await begin(call)
  if (asked !== null) return streamOf(showQuestion(asked, sessionId))
  const view = createRaView({ run, sessionId })
  return { type: 'stream', sessionId: run.session_id, after, view }
}

/** What nothing is waited for. */
function streamOf(body: string): Answer {
  const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache, no-transform' }
  return { type: 'text', status: 200, body, headers }
}

async function chat(call: Call): Promise<Answer> {
  const { sessionId, asked, ...started } = await begin(call)
  if (asked !== null) return json({ response: '', sessionId, askUser: asked })
  const seen: { answer: Message | null; question: string | null } = { answer: null, question: null }
  const settled = await call.house.runs.collect(
    started,
    (event) => {
      if (event.type === 'elicitation_request') seen.question ??= questionOf(event)
      if (event.session_id !== started.run.session_id) return
      if (event.type === 'message_added' && event.message.role === 'assistant') {
        seen.answer = event.message
      }
    },
    { endsAt: 'elicitation_request' },
  )
  if (settled.status !== 'completed' && seen.question === null) {
    return json({ error: failureOf(settled) }, 500)
  }
  return json({
    response: seen.answer?.content ?? '',
    sessionId,
    ...(seen.question !== null && { askUser: seen.question }),
  })
}

type Begun = {
  run: Run
  after: number
  begun: boolean
  /** As the client knows it. */
  sessionId: string
  /** The session waits with this question, too, and nothing goes on before its answer. */
  asked: string | null
}

/** A session that waits with a question takes the new message as its answer. */
async function begin({ body, house }: Call): Promise<Begun> {
  const { messages, sessionId } = readRequest(await body({ anyMediaType: true }))
  const known = sessionId === null ? null : await house.sessions.detail(sessionId, 0)
  if (!known) return beginNew(house, { messages, sessionId })
  const fresh = newMessages(messages, await house.sessions.allMessages(known.id))
  const id = sessionId ?? known.id
  const [asked, next] = known.pending_elicitations
  if (asked) {
    const run = await answerQuestion(house, { session: known.id, asked, messages: fresh })
    const after = known.last_seq
    return { run, after, begun: true, sessionId: id, asked: next ? questionOf(next) : null }
  }
  const started = await house.runs.chat({ ...toStart(fresh), session: known.id })
  return { ...started, sessionId: id, asked: null }
}

/** What the client says that was said before is kept, as it would be by the client's own server. */
async function beginNew(
  house: Call['house'],
  { messages, sessionId }: { messages: RaMessage[]; sessionId: string | null },
): Promise<Begun> {
  const externalId = sessionId ?? undefined
  const { history, posted } = splitHistory(messages)
  const agent = house.agents.defaultName()
  const session =
    history.length === 0 || agent === undefined
      ? externalId
      : await house.sessions.import(toldSession({ said: history.map(toTold), agent }), externalId)
  const started = await house.runs.chat({
    ...toStart(posted),
    ...(session !== undefined && { session }),
  })
  return { ...started, sessionId: sessionId ?? started.run.session_id, asked: null }
}

function toStart(messages: RaMessage[]) {
  return { messages: messages.flatMap(toPosted), options: { on_max_iterations: 'stop' as const } }
}

async function answerQuestion(
  house: Call['house'],
  { session, asked, messages }: { session: string; asked: Question; messages: RaMessage[] },
) {
  const said = messages.findLast(({ role }) => role === 'user')
  if (!said) throw new Problem('validation_failed', 'The session waits for an answer')
  return house.runs.answerElicitation({
    session,
    elicitationId: asked.id,
    action: 'accept',
    content: toContent(textOf(said), asked.schema),
  })
}

type Question = SessionDetail['pending_elicitations'][number]

/** The text as the field that is asked for; a form of several fields is answered as JSON. */
function toContent(text: string, schema: Question['schema']): Record<string, unknown> {
  const fields = Object.entries(Object(schema?.properties))
  const [field, asked] = fields[0] ?? ['answer', {}]
  const given = parsed(text)
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  if (isObject && (fields.length > 1 || Object.hasOwn(given, field))) return { ...given }
  const { type = 'string' } = Object(asked)
  return { [field]: type === 'string' ? text : given }
}

/** The text itself when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function listSessions({ house }: Call): Promise<Answer> {
  const data = await house.sessions.all()
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
