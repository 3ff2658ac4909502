import type { Session } from '#contract/session.ts'
import { teamOf } from './cagent-agent.ts'
import { during, findSession } from './cagent-failure.ts'
import { readElicitation, readResume, readRun } from './cagent-requests.ts'
import type { AgentTools } from './cagent-team.ts'
import { createCagentView } from './cagent-view.ts'
import { type Answer, type Call, json } from './dialect.ts'

/** What the tools of an agent are waited for before its run begins, in milliseconds. */
const patience = 2000

/** Its clients stop a run by going away. */
export async function run(call: Call): Promise<Answer> {
  const { params, body, house } = call
  const { messages, options } = readRun(await body({ anyMediaType: true }))
  return during('failed to run session', async () => {
    const session = await findSession(call)
    const { agent = '', agent_name } = params
    const snapshot = house.agents.get(agent)
    const tools = await toolsOf(call, agent_name)
    const started = await house.runs.start({
      session: session.id,
      agent: agent_name === undefined ? { agent } : { agent, agentName: agent_name },
      messages,
      options,
    })
    return {
      type: 'stream',
      sessionId: session.id,
      after: started.after,
      view: createCagentView({
        run: started.run,
        session,
        team: snapshot ? teamOf(snapshot.file) : [],
        tools,
      }),
      headers: { 'Cache-Control': 'no-cache' },
      cancelOnDisconnect: started.run.id,
    }
  })
}

/** Of the agent that is about to run; none where there is no such agent, which its start tells. */
async function toolsOf({ params, house }: Call, named: string | undefined): Promise<AgentTools> {
  const snapshot = house.agents.get(params.agent ?? '')
  const names = Object.keys(snapshot?.file.agents ?? {})
  const agent = named ?? (names.includes('root') ? 'root' : (names[0] ?? ''))
  if (!snapshot || !names.includes(agent)) return { agent, definitions: [] }
  return { agent, definitions: await house.agents.tools(snapshot, agent, { patience }) }
}

export async function resume(call: Call): Promise<Answer> {
  const { confirmation, reason, tool_name, tool_call_id } = readResume(await call.body())
  await during('failed to resume session', async () => {
    const session = await findSession(call)
    const kind = await waitingFor(call.house, session)
    // There, only a plain approve goes on.
    const limited = kind === 'max_iterations' || kind === 'budget'
    const chosen = limited && confirmation !== 'approve' ? 'reject' : confirmation
    const rule = chosen === 'approve-tool' && kind === 'approval' ? tool_name : undefined
    if (rule) await allow(call.house, { session, rule })
    await call.house.runs.resume({
      session: session.id,
      decision: { ...decisions[rule ? 'approve' : chosen], ...(reason && { reason }) },
      ...(tool_call_id && { toolCallId: tool_call_id }),
    })
  })
  return json({ message: 'session resumed' })
}

/** `tool_name` is a rule, which need not name the tool that waits. */
async function allow(
  house: Call['house'],
  { session: { id, permissions }, rule }: { session: Session; rule: string },
): Promise<void> {
  const rules = new Set(permissions.allow).add(rule)
  await house.sessions.update(id, { permissions: { ...permissions, allow: [...rules] } })
}

const decisions = {
  approve: { decision: 'approve', scope: 'call' },
  'approve-tool': { decision: 'approve', scope: 'tool' },
  'approve-session': { decision: 'approve', scope: 'session' },
  reject: { decision: 'reject', scope: 'call' },
} as const

async function waitingFor(house: Call['house'], { active_run_id }: Session) {
  const active = active_run_id === null ? null : await house.runs.get(active_run_id)
  return active?.waiting_for?.kind
}

export async function answerElicitation(call: Call): Promise<Answer> {
  const { action, content = null, elicitation_id } = readElicitation(await call.body())
  await during('failed to resume elicitation', async () => {
    const { id } = await findSession(call)
    await call.house.runs.answerElicitation({
      session: id,
      action,
      content,
      ...(elicitation_id !== undefined && { elicitationId: elicitation_id }),
    })
  })
  return json(null)
}
