import { z } from '@hono/zod-openapi'
import { modelReferences } from '#contract/agent-file.ts'
import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Session } from '#contract/session.ts'
import { type Answer, type Call, type Dialect, type DialectRoute, json } from './dialect.ts'
import { answerText, createPawanView, failureOf } from './pawan-view.ts'

/** pawan-api, under the paths of its pages and under those of its code, which begin with `/api`. */
export const pawan: Dialect = {
  name: 'pawan',
  mount: '/compat/pawan',
  port: 3300,
  portVariable: 'PAWAN_API_PORT',
  approves: false,
  asks: false,
  takesTextBack: false,
  routes: ['', '/api'].flatMap(routesBelow),
  refuse: (problem, status) => json({ error: problem.message }, status),
}

const ChatRequest = z.object({
  message: z.string(),
  session_id: z.string().max(200).nullish(),
  model: z.string().min(1).nullish(),
})

function routesBelow(prefix: string): DialectRoute[] {
  return [
    { method: 'get', path: `${prefix}/health`, scope: 'public', answer: health },
    { method: 'get', path: `${prefix}/models`, scope: 'read', answer: listModels },
    { method: 'get', path: `${prefix}/agents`, scope: 'read', answer: listAgents },
    { method: 'post', path: `${prefix}/chat`, scope: 'runs', answer: chat },
    { method: 'post', path: `${prefix}/chat/stream`, scope: 'runs', answer: stream },
    { method: 'get', path: `${prefix}/sessions`, scope: 'read', answer: listSessions },
    { method: 'post', path: `${prefix}/sessions`, scope: 'sessions', answer: createSession },
    { method: 'get', path: `${prefix}/sessions/:id`, scope: 'read', answer: showSession },
    { method: 'delete', path: `${prefix}/sessions/:id`, scope: 'sessions', answer: deleteSession },
  ]
}

async function health({ house }: Call): Promise<Answer> {
  const { version, uptime, agent_id } = await house.health()
  return json({ status: 'ok', version, uptime_secs: Math.floor(uptime), agent_id })
}

/** The one that answers comes first, whatever the server would take for others. */
async function listModels({ house }: Call): Promise<Answer> {
  const listed = await house.models()
  const own = modelOf(house) ?? listed.find((model) => model.is_default)
  const others = listed.filter(
    ({ name, provider }) => name !== own?.name || provider !== own.provider,
  )
  const models = others.map(({ name, provider }) => ({ name, provider, is_default: false }))
  if (!own) return json({ models })
  return json({ models: [{ name: own.name, provider: own.provider, is_default: true }, ...models] })
}

/** Of the agent that answers; undefined when its file leaves it to the server. */
function modelOf({ agents }: Call['house']): { name: string; provider: string } | undefined {
  const file = agents.get(agents.defaultName() ?? '')?.file
  const agent = file?.agents.root ?? Object.values(file?.agents ?? {})[0]
  const [reference = 'auto'] = modelReferences(agent?.model)
  const named = Object.hasOwn(file?.models ?? {}, reference) ? file?.models?.[reference] : undefined
  if (named?.provider !== undefined) return { name: named.model, provider: named.provider }
  const [, provider, name] = /^([^/]+)\/(.+)$/.exec(named?.model ?? reference) ?? []
  return provider !== undefined && name !== undefined ? { name, provider } : undefined
}

async function listAgents({ house }: Call): Promise<Answer> {
  const [peers, { agent_id: self }] = await Promise.all([house.peers(), house.health()])
  const others = peers.filter((peer) => !peer.self)
  return json({
    self,
    peers: others.map(({ name, ip, groups }) => ({
      name,
      agent_id: `pawan@${name}`,
      ip,
      // A peer without groups has none to list.
      groups: groups.length > 0 ? groups : null,
    })),
  })
}

async function chat(call: Call): Promise<Answer> {
  const { started, sessionId } = await begin(call)
  let content = ''
  let calls = 0
  const run = await call.house.runs.collect(started, (event) => {
    if (event.session_id !== started.run.session_id) return
    if (event.type === 'tool_call_response') calls += 1
    if (event.type === 'message_added') content = answerText(event.message) ?? content
  })
  const failure = failureOf(run)
  if (failure !== null) return json({ error: failure }, 500)
  return json({ session_id: sessionId, content, iterations: run.iterations, tool_calls: calls })
}

async function stream(call: Call): Promise<Answer> {
  const { started, sessionId } = await begin(call)
  const { run, after } = started
  const view = createPawanView({ run, sessionId })
  return { type: 'stream', sessionId: run.session_id, after, view }
}

async function begin({ body, house }: Call) {
  const { message, session_id, model } = readChat(await body())
  const started = await house.runs.chat({
    messages: [{ role: 'user', content: message }],
    options: {
      on_max_iterations: 'stop',
      ...(model && { model: await findModel(house, { name: model, session: session_id }) }),
    },
    ...(session_id && { session: session_id }),
  })
  return { started, sessionId: session_id || started.run.session_id }
}

/**
 * `provider/model`, or a bare name: one that the agent's file or the list of models knows, else one
 * of the provider that answers otherwise.
 */
async function findModel(
  house: Call['house'],
  { name, session }: { name: string; session: string | null | undefined },
): Promise<string> {
  const known = session ? await house.sessions.get(session) : null
  const agent = known?.agent ?? house.agents.defaultName()
  const named = Object.entries(house.agents.get(agent ?? '')?.file.models ?? {})
  const entry = named.find(([key, { model }]) => key === name || model === name)
  if (entry) return entry[0]
  const models = await house.models()
  const listed = models.find((model) => model.id === name || model.name === name)
  if (listed) return listed.id
  const provider = modelOf(house)?.provider ?? models.find((model) => model.is_default)?.provider
  return name.includes('/') || provider === undefined ? name : `${provider}/${name}`
}

async function listSessions({ house }: Call): Promise<Answer> {
  const sessions = await house.sessions.all()
  const ids = sessions.map(({ id }) => id)
  const [counts, models] = await Promise.all([
    house.sessions.countMessages(ids),
    house.sessions.latestModels(ids),
  ])
  const summaries = sessions.map((session) => ({
    ...headOf(session, models),
    message_count: counts.get(session.id) ?? 0,
  }))
  return json(summaries.toSorted((a, b) => b.created_at.localeCompare(a.created_at)))
}

function headOf({ id, external_id, created_at, updated_at }: Session, models: Map<string, string>) {
  return { id: external_id ?? id, model: models.get(id) ?? null, created_at, updated_at }
}

async function createSession({ house }: Call): Promise<Answer> {
  const { id } = await house.sessions.create({})
  return json({ session_id: id })
}

async function showSession(call: Call): Promise<Answer> {
  const session = await findSession(call)
  const [messages, models] = await Promise.all([
    call.house.sessions.allMessages(session.id),
    call.house.sessions.latestModels([session.id]),
  ])
  return json({ ...headOf(session, models), messages: messages.map(toMessage) })
}

async function deleteSession(call: Call): Promise<Answer> {
  const { id } = await findSession(call)
  await call.house.sessions.remove(id)
  return { type: 'empty', status: 204 }
}

async function findSession({ params: { id = '' }, house }: Call): Promise<Session> {
  const session = await house.sessions.get(id)
  if (session) return session
  throw new Problem('not_found', `session '${id}' not found`)
}

function toMessage({
  role,
  content,
  tool_calls = [],
  tool_call_id,
  is_error,
  created_at,
}: Message) {
  return {
    role,
    content,
    timestamp: created_at,
    tool_calls: tool_calls.map(({ id, function: { name, arguments: text } }) => ({
      id,
      name,
      arguments: parsed(text),
    })),
    ...(tool_call_id !== undefined && {
      tool_result: { tool_call_id, content: parsed(content), success: !is_error },
    }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function readChat(body: unknown): z.infer<typeof ChatRequest> {
  const result = ChatRequest.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.path.join('.') || 'body'
  throw new Problem('validation_failed', `${field}: ${issue?.message ?? 'wrong shape'}`)
}
