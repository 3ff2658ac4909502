import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import { type Answer, type Call, type Dialect, json } from './dialect.ts'
import { type ChatRequest, readChat, WrongRequest } from './kawai-requests.ts'
import { createKawaiView, decoded, isAnswer, type KawaiPosition } from './kawai-view.ts'

/** kawai: chats over POST or as a GET that EventSource opens, one event for each thing of a step. */
export const kawai: Dialect = {
  name: 'kawai',
  mount: '/compat/kawai',
  port: 8000,
  approves: false,
  asks: false,
  takesTextBack: true,
  keyHeader: 'X-API-Key',
  routes: [
    { method: 'post', path: '/chat', scope: 'runs', answer: chat },
    { method: 'get', path: '/stream', scope: 'runs', ticketFor, answer: stream },
    { method: 'get', path: '/health', scope: 'public', answer: health },
    { method: 'get', path: '/sessions/:id', scope: 'read', answer: showSession },
    { method: 'delete', path: '/sessions/:id', scope: 'sessions', answer: deleteSession },
  ],
  refuse,
}

const streamHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
}

function refuse(problem: Problem, status: number): Answer {
  const { code, message, details } = problem
  if (problem instanceof WrongRequest) return json({ detail: problem.faults }, 422)
  if (code === 'invalid_json') {
    const error = { type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {} }
    return json({ detail: [{ ...error, ctx: { error: message } }] }, 422)
  }
  if (code === 'validation_failed') {
    const faults = (details.errors ?? [{ path: 'body', message }]).map(toFault)
    return json({ detail: faults }, 422)
  }
  if (code === 'not_found') return json({ detail: notFound(message) }, status)
  return json({ detail: code === 'method_not_allowed' ? 'Method Not Allowed' : message }, status)
}

function toFault({ path, message }: { path: string; message: string }) {
  return { type: 'value_error', loc: path.split('.'), msg: message }
}

function notFound(message: string): string {
  return message === 'Session not found' ? message : 'Not Found'
}

async function chat({ body, house }: Call): Promise<Answer> {
  const request = readChat('body', await body({ anyMediaType: true }))
  const started = await house.runs.chat(toStart(request))
  const seen: { answer: Message | null; plan: string | null } = { answer: null, plan: null }
  const run = await house.runs.collect(started, (event) => {
    if (event.session_id !== started.run.session_id) return
    if (event.type === 'plan_updated') seen.plan = event.plan
    if (event.type === 'message_added' && isAnswer(event.message)) seen.answer = event.message
  })
  if (run.status !== 'completed') return json({ detail: failureOf(run) }, 500)
  const forced = run.stop_reason === 'max_iterations' && seen.answer !== null
  return json({
    answer: seen.answer && decoded(seen.answer.content, hasSchema(house, run)),
    session_id: request.session_id ?? run.session_id,
    // The step that was forced is not one of them.
    steps: forced ? run.iterations - 1 : run.iterations,
    completed: run.completed,
    plan: seen.plan,
  })
}

/** A reconnect of EventSource names its run, which goes on; anything else starts one. */
async function stream(call: Call): Promise<Answer> {
  const { query, house } = call
  const position = readPosition(call)
  if (position) return reattach(call, position)
  const request = readChat('query', {
    message: query('message'),
    session_id: query('session_id'),
    max_steps: query('max_steps'),
    force_provide_answer: query('force_provide_answer'),
  })
  const { run, after } = await house.runs.chat(toStart(request))
  const sessionId = request.session_id ?? run.session_id
  const view = createKawaiView({ run, sessionId, structured: hasSchema(house, run) })
  return { type: 'stream', sessionId: run.session_id, after, view, headers: streamHeaders }
}

/** The session that a ticket is for; whoever comes back names the run that it started. */
function ticketFor({ query, header }: Pick<Call, 'query' | 'header'>) {
  const id = header('last-event-id') ?? ''
  if (id !== '') return { run: positionOf(id)?.runId ?? '' }
  const session = query('session_id')
  return session ? { session } : null
}

/** What is no place of ours starts nothing: whoever sends it has been here, and would ask twice. */
function readPosition({ header }: Call): KawaiPosition | null {
  const id = header('last-event-id') ?? ''
  if (id === '') return null
  const position = positionOf(id)
  if (position) return position
  const msg = 'Input should be the id of a frame of this stream'
  throw new WrongRequest([{ type: 'value_error', loc: ['header', 'last-event-id'], msg }])
}

function positionOf(id: string): KawaiPosition | null {
  const [, runId = '', seq, frames] = /^(run_[0-9a-z]+):(\d{1,15})(?:\.(\d{1,6}))?$/.exec(id) ?? []
  if (seq === undefined) return null
  return { runId, seq: Number(seq), frames: frames === undefined ? null : Number(frames) }
}

async function reattach({ house }: Call, from: KawaiPosition): Promise<Answer> {
  const { runId, seq, frames } = from
  const [run, bounds] = await Promise.all([house.runs.get(runId), house.events.runBounds(runId)])
  if (!run || !bounds) throw new Problem('not_found', `There is no run ${runId}`)
  const isAtEnd = bounds.last !== null && (frames === null ? seq >= bounds.last : seq > bounds.last)
  if (isAtEnd) return { type: 'empty', status: 204 }
  const session = await house.sessions.get(run.session_id)
  const sessionId = session?.external_id ?? run.session_id
  return {
    type: 'stream',
    sessionId: bounds.sessionId,
    after: bounds.after,
    resumeAfter: frames === null ? seq : seq - 1,
    view: createKawaiView({ run, sessionId, structured: hasSchema(house, run), from }),
    headers: streamHeaders,
  }
}

/** Its pages know one status for health, and a word for what it is. */
async function health({ house }: Call): Promise<Answer> {
  try {
    const { sessions, uptime, version } = await house.health()
    return json({ status: 'healthy', sessions, uptime, version })
  } catch {
    return json({ status: 'unhealthy', sessions: 0, uptime: 0, version: null })
  }
}

async function showSession({ params, house }: Call): Promise<Answer> {
  const session = await house.sessions.get(params.id ?? '')
  if (!session) throw new Problem('not_found', 'Session not found')
  const counts = await house.sessions.countMessages([session.id])
  return json({
    session_id: session.external_id ?? session.id,
    created_at: session.created_at,
    last_accessed: session.updated_at,
    message_count: counts.get(session.id) ?? 0,
  })
}

async function deleteSession({ params, house }: Call): Promise<Answer> {
  const id = params.id ?? ''
  if (!(await house.sessions.remove(id))) throw new Problem('not_found', 'Session not found')
  return json({ session_id: id, deleted: true })
}

function toStart({ message, session_id, max_steps, force_provide_answer }: ChatRequest) {
  const options: RunOptions = {
    on_max_iterations: force_provide_answer ? 'answer' : 'stop',
    ...(max_steps !== null && { max_iterations: max_steps }),
  }
  return {
    messages: [{ role: 'user' as const, content: message }],
    options,
    ...(session_id !== null && { session: session_id }),
  }
}

function failureOf({ error, status }: Run): string {
  if (error) return error.message
  if (status === 'cancelled') return 'The run was cancelled'
  return 'The run waits for somebody; it goes on once they answer over the API'
}

function hasSchema({ agents }: Call['house'], { agent, agent_name }: Run): boolean {
  return agents.get(agent)?.file.agents[agent_name]?.structured_output !== undefined
}
