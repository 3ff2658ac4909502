import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import { type Answer, type Call, type Dialect, json } from './dialect.ts'
import { createKawaiView, decoded, isAnswer } from './kawai-view.ts'

/** kawai: chats over POST or as a GET that EventSource opens, one event for each thing of a step. */
export const kawai: Dialect = {
  name: 'kawai',
  mount: '/compat/kawai',
  port: 8000,
  approves: false,
  asks: false,
  takesTextBack: true,
  routes: [
    { method: 'post', path: '/chat', scope: 'runs', answer: chat },
    { method: 'get', path: '/stream', scope: 'runs', answer: stream },
    { method: 'get', path: '/health', scope: 'public', answer: health },
    { method: 'get', path: '/sessions/:id', scope: 'read', answer: showSession },
    { method: 'delete', path: '/sessions/:id', scope: 'sessions', answer: deleteSession },
  ],
  refuse,
}

type ChatRequest = {
  message: string
  session_id: string | null
  max_steps: number | null
  force_provide_answer: boolean
}

function refuse({ code, message, details }: Problem, status: number): Answer {
  if (code === 'invalid_json') {
    return json({ detail: [{ type: 'json_invalid', loc: ['body', 0], msg: message }] }, 422)
  }
  if (code === 'validation_failed') {
    const errors = details.errors ?? []
    return json(
      { detail: errors.map(({ path, message: msg }) => ({ ...placeOf(path), msg })) },
      422,
    )
  }
  return json({ detail: code === 'not_found' ? notFound(message) : message }, status)
}

async function chat({ body, house }: Call): Promise<Answer> {
  const request = readRequest('body', toFields(await body({ anyMediaType: true })))
  const started = await house.runs.chat(toStart(request))
  const seen: { answer: Message | null; plan: string | null } = { answer: null, plan: null }
  const run = await house.runs.collect(started, (event) => {
    if (event.session_id !== started.run.session_id) return
    if (event.type === 'plan_updated') seen.plan = event.plan
    if (event.type === 'message_added' && isAnswer(event.message)) seen.answer = event.message
  })
  if (run.status !== 'completed') throw new Problem('internal', failureOf(run))
  const structured = hasSchema(house, run)
  return json({
    answer: seen.answer && decoded(seen.answer.content, structured),
    session_id: request.session_id ?? run.session_id,
    // The step that was forced is not one of them.
    steps:
      run.stop_reason === 'max_iterations' && seen.answer ? run.iterations - 1 : run.iterations,
    completed: run.completed,
    plan: seen.plan,
  })
}

/** A reconnect of EventSource names its run, which goes on; anything else starts one. */
async function stream(call: Call): Promise<Answer> {
  const { query, header, house } = call
  const position = /^(run_[0-9a-z]+):(\d{1,15})$/.exec(header('last-event-id') ?? '')
  if (position?.[1]) return reattach(call, { runId: position[1], seq: Number(position[2]) })
  const request = readRequest('query', {
    message: query('message'),
    session_id: query('session_id'),
    max_steps: query('max_steps'),
    force_provide_answer: query('force_provide_answer'),
  })
  const { run, after } = await house.runs.chat(toStart(request))
  const sessionId = request.session_id ?? run.session_id
  return {
    type: 'stream',
    sessionId: run.session_id,
    after,
    view: createKawaiView({ run, sessionId, structured: hasSchema(house, run) }),
    headers: { 'Cache-Control': 'no-store' },
  }
}

async function reattach(
  { house }: Call,
  { runId, seq }: { runId: string; seq: number },
): Promise<Answer> {
  const [run, bounds] = await Promise.all([house.runs.get(runId), house.events.runBounds(runId)])
  if (!run || !bounds) throw new Problem('not_found', `There is no run ${runId}`)
  if (bounds.last !== null && seq >= bounds.last) return { type: 'empty', status: 204 }
  const session = await house.sessions.get(run.session_id)
  const sessionId = session?.external_id ?? run.session_id
  return {
    type: 'stream',
    sessionId: bounds.sessionId,
    after: bounds.after,
    resumeAfter: seq,
    view: createKawaiView({ run, sessionId, structured: hasSchema(house, run) }),
    headers: { 'Cache-Control': 'no-store' },
  }
}

async function health({ house }: Call): Promise<Answer> {
  const { sessions, uptime, version } = await house.health()
  return json({ status: 'healthy', sessions, uptime, version })
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

function toFields(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body }
  throw invalid('body', 'Input should be a valid dictionary or object')
}

/** Accepts what its documented clients send: numbers and booleans may be text. */
function readRequest(place: 'body' | 'query', fields: Record<string, unknown>): ChatRequest {
  const { message, session_id: session, max_steps: steps, force_provide_answer: force } = fields
  if (typeof message !== 'string') {
    const missing = message === undefined
    throw invalid(`${place}.message`, missing ? 'Field required' : 'Input should be a valid string')
  }
  if (session !== undefined && session !== null && typeof session !== 'string') {
    throw invalid(`${place}.session_id`, 'Input should be a valid string')
  }
  return {
    message,
    session_id: session || null,
    max_steps: readSteps(place, steps),
    force_provide_answer: readForce(place, force),
  }
}

function readSteps(place: string, value: unknown): number | null {
  if (value === undefined || value === null || value === '') return null
  const steps = typeof value === 'number' ? value : Number.parseInt(String(value), 10)
  if (Number.isInteger(steps) && steps >= 1 && steps <= 1000 && /^\d+$/.test(String(value))) {
    return steps
  }
  throw invalid(`${place}.max_steps`, 'Input should be a whole number from 1 to 1000')
}

function readForce(place: string, value: unknown): boolean {
  if (value === undefined || value === null) return true
  const text = String(value).toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(text)) return true
  if (['false', 'no', 'off', '0'].includes(text)) return false
  throw invalid(`${place}.force_provide_answer`, 'Input should be a valid boolean')
}

function invalid(path: string, message: string): Problem {
  return new Problem('validation_failed', message, { errors: [{ path, message }] })
}

function placeOf(path: string) {
  return { type: 'value_error', loc: path.split('.') }
}

function notFound(message: string): string {
  return message === 'Session not found' ? message : 'Not Found'
}

function failureOf({ error, status }: Run): string {
  if (error) return error.message
  if (status === 'cancelled') return 'The run was cancelled'
  return 'The run waits for somebody; it goes on once they answer over the API'
}

function hasSchema({ agents }: Call['house'], { agent, agent_name }: Run): boolean {
  return agents.get(agent)?.file.agents[agent_name]?.structured_output !== undefined
}
