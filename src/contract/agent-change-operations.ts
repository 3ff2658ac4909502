import { createRoute, z } from '@hono/zod-openapi'
import { requires } from './access.ts'
import { AgentDetail } from './agent.ts'
import { AgentDuplicate, AgentPatch, NewAgent } from './agent-edit.ts'
import { parameters } from './parameter.ts'
import { actingHeaders, jsonBody } from './request.ts'
import { bodyProblems, emptyResponse, jsonResponse, keyProblems, problems } from './response.ts'

const tags = ['Agents']
const params = z.object({ agent: parameters.AgentParameter })
const ifMatch = z.object({ 'if-match': parameters.IfMatchParameter })
const created = jsonResponse(AgentDetail, {
  component: 'AgentCreatedResponse',
  description: 'The new agent',
  headers: ['Location', 'ETag'],
})
const agent = jsonResponse(AgentDetail, {
  component: 'AgentResponse',
  description: 'The agent',
  headers: ['ETag'],
})

/** Making, changing and removing whole agents. */
export const agentChangeOperations = {
  createAgent: createRoute({
    operationId: 'createAgent',
    ...requires('agents:write'),
    method: 'post',
    path: '/api/agents',
    tags,
    summary: 'Create an agent',
    description:
      'From a whole agent file as JSON, or from a system prompt. It may not name commands, keys or files outside the workspace.',
    request: { headers: actingHeaders, body: jsonBody(NewAgent, 'The agent') },
    responses: {
      201: created,
      ...problems(...keyProblems, ...bodyProblems, 'agent_invalid', 'code_disabled', 'conflict'),
    },
  }),
  updateAgent: createRoute({
    operationId: 'updateAgent',
    ...requires('agents:write'),
    method: 'put',
    path: '/api/agents/{agent}',
    tags,
    summary: 'Change an agent',
    description:
      'Only what is given changes; the result is a new version. Runs keep the version that they began with. `If-Match` with an ETag that is not current answers 409 `conflict`.',
    request: { params, headers: ifMatch, body: jsonBody(AgentPatch, 'What changes') },
    responses: {
      200: agent,
      ...problems(
        ...bodyProblems,
        'agent_invalid',
        'agent_read_only',
        'code_disabled',
        'conflict',
        'not_found',
      ),
    },
  }),
  deleteAgent: createRoute({
    operationId: 'deleteAgent',
    ...requires('agents:write'),
    method: 'delete',
    path: '/api/agents/{agent}',
    tags,
    summary: 'Delete an agent',
    description: 'Its sessions stay readable, and its runs go on to their end.',
    request: { params, headers: ifMatch },
    responses: {
      204: emptyResponse({ component: 'AgentDeletedResponse', description: 'It is gone' }),
      ...problems('agent_read_only', 'conflict', 'not_found', 'validation_failed'),
    },
  }),
  duplicateAgent: createRoute({
    operationId: 'duplicateAgent',
    ...requires('agents:write'),
    method: 'post',
    path: '/api/agents/{agent}/duplicate',
    tags,
    summary: 'Duplicate an agent',
    description: 'A new agent with the same content, which may be changed over the API.',
    request: {
      params,
      headers: actingHeaders,
      body: jsonBody(AgentDuplicate, 'The name of the copy'),
    },
    responses: {
      201: created,
      ...problems(
        ...keyProblems,
        ...bodyProblems,
        'agent_invalid',
        'code_disabled',
        'conflict',
        'not_found',
      ),
    },
  }),
  reloadAgent: createRoute({
    operationId: 'reloadAgent',
    ...requires('agents:write'),
    method: 'post',
    path: '/api/agents/{agent}/reload',
    tags,
    summary: 'Reload an agent',
    description:
      'Reads its source again. A broken file keeps the old version in use, and the answer says what is wrong.',
    request: { params, headers: actingHeaders },
    responses: {
      200: agent,
      ...problems(...keyProblems, 'agent_invalid', 'not_found', 'validation_failed'),
    },
  }),
}
