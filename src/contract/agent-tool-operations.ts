import { createRoute, z } from '@hono/zod-openapi'
import { requires } from './access.ts'
import { AgentTool, AgentToolPatch, AgentToolSummary, NewAgentTool } from './agent-tool.ts'
import { parameters } from './parameter.ts'
import { actingHeaders, jsonBody } from './request.ts'
import { bodyProblems, emptyResponse, jsonResponse, keyProblems, problems } from './response.ts'

const tags = ['Agents']
const params = z.object({ agent: parameters.AgentParameter })
const toolParams = params.extend({ tool: parameters.ToolParameter })
const ifMatch = z.object({ 'if-match': parameters.IfMatchParameter })
const tool = jsonResponse(AgentTool, {
  component: 'AgentToolResponse',
  description: 'The tool',
  headers: ['ETag'],
})

/** The tools of an agent; those in Python and JavaScript are made here. */
export const agentToolOperations = {
  listAgentTools: createRoute({
    operationId: 'listAgentTools',
    ...requires('read'),
    method: 'get',
    path: '/api/agents/{agent}/tools',
    tags,
    summary: 'List the tools of an agent',
    description:
      'Every tool of the toolsets of the agent that runs by default, those too that the model is shown only when it looks for them (`defer`) or calls from a script (`code_mode_tools`). What the runtime adds by itself (`transfer_task`, `handoff`, the search for deferred tools, the script) is not in the list.',
    request: { params },
    responses: {
      200: jsonResponse(
        z.array(AgentToolSummary).openapi('AgentToolList', { description: 'Every tool' }),
        { component: 'AgentToolListResponse', description: 'The tools' },
      ),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  createAgentTool: createRoute({
    operationId: 'createAgentTool',
    ...requires('code:write'),
    method: 'post',
    path: '/api/agents/{agent}/tools',
    tags,
    summary: 'Create a tool',
    description:
      'In Python or JavaScript, run in isolation. Schema and code are checked before anything is saved. 403 `code_disabled` while the server runs no code.',
    request: {
      params,
      headers: ifMatch.extend(actingHeaders.shape),
      body: jsonBody(NewAgentTool, 'The tool'),
    },
    responses: {
      201: jsonResponse(AgentTool, {
        component: 'AgentToolCreatedResponse',
        description: 'The new tool',
        headers: ['Location', 'ETag'],
      }),
      ...problems(
        ...keyProblems,
        ...bodyProblems,
        'agent_invalid',
        'agent_read_only',
        'code_disabled',
        'conflict',
        'not_found',
      ),
    },
  }),
  getAgentTool: createRoute({
    operationId: 'getAgentTool',
    ...requires('read'),
    method: 'get',
    path: '/api/agents/{agent}/tools/{tool}',
    tags,
    summary: 'Get a tool',
    description: 'With its schema and, when it is made of code, that.',
    request: { params: toolParams },
    responses: { 200: tool, ...problems('not_found', 'validation_failed') },
  }),
  updateAgentTool: createRoute({
    operationId: 'updateAgentTool',
    ...requires('tools:write'),
    method: 'put',
    path: '/api/agents/{agent}/tools/{tool}',
    tags,
    summary: 'Change a tool',
    description: 'Only what is given changes; checked like a new one.',
    request: {
      params: toolParams,
      headers: ifMatch,
      body: jsonBody(AgentToolPatch, 'What changes'),
    },
    responses: {
      200: tool,
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
  deleteAgentTool: createRoute({
    operationId: 'deleteAgentTool',
    ...requires('tools:write'),
    method: 'delete',
    path: '/api/agents/{agent}/tools/{tool}',
    tags,
    summary: 'Delete a tool',
    description: 'Only one that is made of code; calls that run go on to their end.',
    request: { params: toolParams, headers: ifMatch },
    responses: {
      204: emptyResponse({ component: 'AgentToolDeletedResponse', description: 'It is gone' }),
      ...problems('agent_invalid', 'agent_read_only', 'conflict', 'not_found', 'validation_failed'),
    },
  }),
}
