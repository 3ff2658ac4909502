import { Problem } from '#contract/problem.ts'
import { toConfig, toListedAgent } from './cagent-agent.ts'
import { answerElicitation, resume, run } from './cagent-runs.ts'
import {
  createSession,
  deleteSession,
  listSessions,
  rename,
  setPermissions,
  showSession,
  toggle,
} from './cagent-sessions.ts'
import { type Answer, type Call, type Dialect, json } from './dialect.ts'

/** cagent: sessions that are made first, then run; approvals and answers over routes of their own. */
export const cagent: Dialect = {
  name: 'cagent',
  mount: '/compat/cagent',
  port: 8080,
  approves: true,
  takesTextBack: false,
  routes: [
    { method: 'get', path: '/api/ping', scope: 'public', answer: () => json({ status: 'ok' }) },
    { method: 'get', path: '/api/agents', scope: 'read', answer: listAgents },
    { method: 'get', path: '/api/agents/:id', scope: 'read', answer: showAgent },
    {
      method: 'get',
      path: '/api/agents/:id/:agent_name/tools/count',
      scope: 'read',
      answer: countTools,
    },
    { method: 'get', path: '/api/sessions', scope: 'read', answer: listSessions },
    { method: 'post', path: '/api/sessions', scope: 'sessions', answer: createSession },
    { method: 'get', path: '/api/sessions/:id', scope: 'read', answer: showSession },
    { method: 'delete', path: '/api/sessions/:id', scope: 'sessions', answer: deleteSession },
    { method: 'patch', path: '/api/sessions/:id/title', scope: 'sessions', answer: rename },
    {
      method: 'patch',
      path: '/api/sessions/:id/permissions',
      scope: 'approvals',
      answer: setPermissions,
    },
    { method: 'post', path: '/api/sessions/:id/resume', scope: 'approvals', answer: resume },
    {
      method: 'post',
      path: '/api/sessions/:id/elicitation',
      scope: 'approvals',
      answer: answerElicitation,
    },
    {
      method: 'post',
      path: '/api/sessions/:id/tools/toggle',
      scope: 'approvals',
      answer: (call) => toggle(call, 'tools_approved'),
    },
    {
      method: 'post',
      path: '/api/sessions/:id/thinking/toggle',
      scope: 'sessions',
      answer: (call) => toggle(call, 'thinking'),
    },
    { method: 'post', path: '/api/sessions/:id/agent/:agent', scope: 'runs', answer: run },
    {
      method: 'post',
      path: '/api/sessions/:id/agent/:agent/:agent_name',
      scope: 'runs',
      answer: run,
    },
  ],
  refuse,
}

/** `message` is what its pages name; its Go client reads `error`. */
function refuse(problem: Problem, status: number): Answer {
  const { code } = problem
  const message = messageOf(problem)
  const bad = code === 'unsupported_media_type'
  return json({ message, error: message, code }, bad ? 400 : status)
}

function messageOf({ code, message }: Problem): string {
  if (code === 'method_not_allowed') return 'Method Not Allowed'
  if (code === 'not_found' && message.startsWith('There is no such route')) return 'Not Found'
  if (code === 'invalid_json') return `invalid request body: ${message}`
  if (code === 'unsupported_media_type') {
    return 'invalid request body: code=415, message=Unsupported Media Type'
  }
  return message
}

async function listAgents({ house }: Call): Promise<Answer> {
  return json(house.agents.list().map(({ name, file }) => toListedAgent(name, file)))
}

async function showAgent({ params, house }: Call): Promise<Answer> {
  const snapshot = house.agents.get(params.id ?? '')
  if (!snapshot) throw new Problem('not_found', 'Not Found')
  const { config } = await house.agents.detail(snapshot)
  return json(toConfig(config))
}

async function countTools({ params: { id = '', agent_name = '' }, house }: Call): Promise<Answer> {
  const snapshot = house.agents.get(id)
  const name = `${id}/${agent_name}`
  if (!snapshot || !Object.hasOwn(snapshot.file.agents, agent_name)) {
    throw new Problem('not_found', `failed to get agent tool count: agent not found: ${name}`)
  }
  const tools = await house.agents.tools(snapshot, agent_name)
  return json({ available_tools: tools.length })
}
