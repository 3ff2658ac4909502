import { createRoute, z } from '@hono/zod-openapi'
import { requires } from './access.ts'
import { AgentDetail, AgentSummary, ModelInfo, Stats, ToolCount } from './agent.ts'
import { agentChangeOperations } from './agent-change-operations.ts'
import { agentConfigOperations } from './agent-config-operations.ts'
import { agentToolOperations } from './agent-tool-operations.ts'
import { pageQuery, parameters } from './parameter.ts'
import { Peer } from './peer.ts'
import { jsonResponse, problems } from './response.ts'
import { SessionPage } from './session-operations.ts'

const tags = ['Agents']
const params = z.object({ agent: parameters.AgentParameter })

export const agentOperations = {
  ...agentChangeOperations,
  ...agentConfigOperations,
  ...agentToolOperations,
  listAgents: createRoute({
    operationId: 'listAgents',
    ...requires('read'),
    method: 'get',
    path: '/api/agents',
    tags,
    summary: 'List agents',
    description: 'Every agent source, sorted by name.',
    responses: {
      200: jsonResponse(
        z.array(AgentSummary).openapi('AgentList', { description: 'Sorted by name' }),
        { component: 'AgentListResponse', description: 'The agents' },
      ),
      ...problems(),
    },
  }),
  getAgent: createRoute({
    operationId: 'getAgent',
    ...requires('read'),
    method: 'get',
    path: '/api/agents/{agent}',
    tags,
    summary: 'Get an agent',
    description: 'The source with its parsed configuration; never a secret.',
    request: { params },
    responses: {
      200: jsonResponse(AgentDetail, {
        component: 'AgentResponse',
        description: 'The agent',
        headers: ['ETag'],
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  countAgentTools: createRoute({
    operationId: 'countAgentTools',
    ...requires('read'),
    method: 'get',
    path: '/api/agents/{agent}/{agent_name}/tools/count',
    tags,
    summary: 'Count the tools of an agent',
    description:
      'How many tools the agent can call; they are counted as listAgentTools lists them.',
    request: { params: params.extend({ agent_name: parameters.AgentNameParameter }) },
    responses: {
      200: jsonResponse(ToolCount, {
        component: 'ToolCountResponse',
        description: 'The number of tools',
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  listAgentSessions: createRoute({
    operationId: 'listAgentSessions',
    ...requires('read'),
    method: 'get',
    path: '/api/agents/{agent}/sessions',
    tags,
    summary: 'List the sessions of an agent',
    description: 'The latest activity first.',
    request: { params, query: z.object(pageQuery('newest')) },
    responses: {
      200: jsonResponse(SessionPage, {
        component: 'SessionPageResponse',
        description: 'A page of sessions',
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  getStats: createRoute({
    operationId: 'getStats',
    ...requires('read'),
    method: 'get',
    path: '/api/stats',
    tags,
    summary: 'Get counts',
    description: 'How many agents, sessions and runs there are.',
    responses: {
      200: jsonResponse(Stats, { component: 'StatsResponse', description: 'The counts' }),
      ...problems(),
    },
  }),
  listModels: createRoute({
    operationId: 'listModels',
    ...requires('read'),
    method: 'get',
    path: '/api/models',
    tags,
    summary: 'List models',
    description: 'The models that agents can use here.',
    responses: {
      200: jsonResponse(
        z.array(ModelInfo).openapi('ModelList', { description: 'Every known model' }),
        { component: 'ModelListResponse', description: 'The models' },
      ),
      ...problems(),
    },
  }),
  listPeers: createRoute({
    operationId: 'listPeers',
    ...requires('read'),
    method: 'get',
    path: '/api/peers',
    tags,
    summary: 'List peers',
    description: 'This server, then those that its peers file names, in the order of the file.',
    responses: {
      200: jsonResponse(
        z.array(Peer).openapi('PeerList', { description: 'This server and its peers' }),
        { component: 'PeerListResponse', description: 'The peers' },
      ),
      ...problems(),
    },
  }),
}
