import type { Problem } from '#contract/problem.ts'
import * as agents from './appam-agents.ts'
import * as chat from './appam-chat.ts'
import * as tools from './appam-tools.ts'
import { type Answer, type Dialect, json } from './dialect.ts'

/** Appam: agents and their Python tools are made over it, and chats are streams of POSTs. */
export const appam: Dialect = {
  name: 'appam',
  mount: '/compat/appam',
  port: 3000,
  approves: false,
  asks: false,
  takesTextBack: false,
  routes: [
    { method: 'get', path: '/api/agents', scope: 'read', answer: agents.list },
    { method: 'post', path: '/api/agents', scope: 'agents:write', answer: agents.create },
    { method: 'get', path: '/api/agents/:name', scope: 'read', answer: agents.show },
    { method: 'put', path: '/api/agents/:name', scope: 'agents:write', answer: agents.update },
    { method: 'delete', path: '/api/agents/:name', scope: 'agents:write', answer: agents.remove },
    { method: 'get', path: '/api/agents/:name/config', scope: 'read', answer: agents.config },
    { method: 'get', path: '/api/agents/:name/prompt', scope: 'read', answer: agents.prompt },
    {
      method: 'put',
      path: '/api/agents/:name/prompt',
      scope: 'agents:write',
      answer: agents.updatePrompt,
    },
    {
      method: 'post',
      path: '/api/agents/:name/reload',
      scope: 'agents:write',
      answer: agents.reload,
    },
    {
      method: 'post',
      path: '/api/agents/:name/duplicate',
      scope: 'agents:write',
      answer: agents.duplicate,
    },
    { method: 'post', path: '/api/agents/:name/tools', scope: 'code:write', answer: tools.create },
    { method: 'get', path: '/api/agents/:name/tools/:tool', scope: 'read', answer: tools.show },
    {
      method: 'put',
      path: '/api/agents/:name/tools/:tool',
      scope: 'tools:write',
      answer: tools.update,
    },
    {
      method: 'delete',
      path: '/api/agents/:name/tools/:tool',
      scope: 'tools:write',
      answer: tools.remove,
    },
    { method: 'get', path: '/api/stats', scope: 'read', answer: agents.stats },
    { method: 'get', path: '/api/sessions', scope: 'read', answer: chat.listSessions },
    { method: 'get', path: '/api/sessions/:id', scope: 'read', answer: chat.showSession },
    { method: 'delete', path: '/api/sessions/:id', scope: 'sessions', answer: chat.removeSession },
    {
      method: 'get',
      path: '/api/agents/:name/sessions',
      scope: 'read',
      answer: chat.listAgentSessions,
    },
    { method: 'post', path: '/api/agents/:name/chat', scope: 'runs', answer: chat.startChat },
    { method: 'post', path: '/api/sessions/:id/chat', scope: 'runs', answer: chat.continueChat },
  ],
  refuse,
}

/** Its pages know 400 for whatever is wrong with a request, a duplicate included. */
function refuse({ code, message }: Problem, status: number): Answer {
  const isBad = code === 'validation_failed' || code === 'agent_invalid' || code === 'conflict'
  return json({ error: message }, isBad ? 400 : status)
}
