import { modelReferences } from '#contract/agent-file.ts'
import type { Session } from '#contract/session.ts'
import { modelOf } from './appam-agents.ts'
import { toMessages } from './appam-messages.ts'
import { agentNotFound, ChatRequest, findAgent, findSession, readBody } from './appam-requests.ts'
import { createAppamView } from './appam-view.ts'
import { type Answer, type Call, json } from './dialect.ts'

type House = Call['house']
type Started = Awaited<ReturnType<House['runs']['start']>>

export async function startChat(call: Call): Promise<Answer> {
  const { name: agent } = findAgent(call)
  const started = await call.house.runs.startNew({
    session: { agent },
    agent: { agent },
    ...(await readStart(call)),
  })
  return stream(started, started.run.session_id)
}

export async function continueChat(call: Call): Promise<Answer> {
  const session = await findSession(call)
  const agent = agentOf(call.house, session)
  const started = await call.house.runs.start({
    session: session.id,
    agent,
    ...(await readStart(call)),
  })
  return stream(started, session.external_id ?? session.id)
}

export async function listSessions({ house }: Call): Promise<Answer> {
  return json(await summaries(house, {}))
}

/** Of an agent that is gone the sessions are still there. */
export async function listAgentSessions({ params: { name = '' }, house }: Call): Promise<Answer> {
  return json(await summaries(house, { agent: name }))
}

export async function showSession(call: Call): Promise<Answer> {
  const session = await findSession(call)
  const messages = await call.house.sessions.allMessages(session.id)
  const model = await modelOfSession(call.house, session)
  return json({
    ...headOf(session),
    model,
    messages: toMessages(messages),
    ...timesOf(session),
  })
}

export async function removeSession(call: Call): Promise<Answer> {
  const { id } = await findSession(call)
  await call.house.sessions.remove(id)
  return json({ success: true })
}

async function readStart(call: Call) {
  const { message } = await readBody(call, ChatRequest)
  return {
    messages: [{ role: 'user' as const, content: message }],
    options: { on_max_iterations: 'stop' as const },
  }
}

function stream({ run, after }: Started, sessionId: string): Answer {
  return {
    type: 'stream',
    sessionId: run.session_id,
    after,
    view: createAppamView({ run, sessionId }),
  }
}

/** A session that was made elsewhere may name none. */
function agentOf({ agents }: House, { agent, agent_name: agentName }: Session) {
  const name = agent ?? agents.defaultName() ?? ''
  if (!agents.get(name)) throw agentNotFound(name)
  return agent === null || agentName === null ? { agent: name } : { agent: name, agentName }
}

async function summaries(house: House, filter: { agent?: string }) {
  const sessions = await house.sessions.all(filter)
  const counts = await house.sessions.countMessages(sessions.map(({ id }) => id))
  const models = new Map<string, Promise<string>>()
  const shown = sessions.map(async (session) => {
    const key = JSON.stringify([session.agent, session.agent_name])
    const model = models.get(key) ?? modelOfSession(house, session)
    models.set(key, model)
    const message_count = counts.get(session.id) ?? 0
    return { ...headOf(session), model: await model, message_count, ...timesOf(session) }
  })
  return Promise.all(shown)
}

function headOf({ id, external_id, agent }: Session) {
  return { id: external_id ?? id, agent_name: agent ?? '' }
}

function timesOf({ created_at, updated_at }: Session) {
  return { created_at, updated_at }
}

function modelOfSession(house: House, { agent, agent_name }: Session): Promise<string> {
  const { file } = house.agents.get(agent ?? house.agents.defaultName() ?? '') ?? {}
  const [named] = modelReferences(file?.agents[agent_name ?? 'root']?.model)
  return modelOf(house, named)
}
