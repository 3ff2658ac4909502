import { createRoute, z } from '@hono/zod-openapi'
import { requires } from './access.ts'
import { AgentDetail } from './agent.ts'
import { AgentConfig, AgentPrompt, AgentVersionContent, AgentVersionPage } from './agent-edit.ts'
import { pageQuery, parameters } from './parameter.ts'
import { actingHeaders, jsonBody } from './request.ts'
import { bodyProblems, jsonResponse, keyProblems, problems } from './response.ts'

const tags = ['Agents']
const params = z.object({ agent: parameters.AgentParameter })
const ifMatch = z.object({ 'if-match': parameters.IfMatchParameter })
const prompt = jsonResponse(AgentPrompt, {
  component: 'AgentPromptResponse',
  description: 'The system prompt',
  headers: ['ETag'],
})

/** What an agent is made of, and what it was made of before. */
export const agentConfigOperations = {
  getAgentConfig: createRoute({
    operationId: 'getAgentConfig',
    ...requires('read'),
    method: 'get',
    path: '/api/agents/{agent}/config',
    tags,
    summary: 'Get the configuration of an agent',
    description: 'Its source as it is written and as it is read, with prompt and tools.',
    request: { params },
    responses: {
      200: jsonResponse(AgentConfig, {
        component: 'AgentConfigResponse',
        description: 'The configuration',
        headers: ['ETag'],
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  getAgentPrompt: createRoute({
    operationId: 'getAgentPrompt',
    ...requires('read'),
    method: 'get',
    path: '/api/agents/{agent}/prompt',
    tags,
    summary: 'Get the system prompt of an agent',
    description: 'That of the agent that runs by default.',
    request: { params },
    responses: { 200: prompt, ...problems('not_found', 'validation_failed') },
  }),
  updateAgentPrompt: createRoute({
    operationId: 'updateAgentPrompt',
    ...requires('agents:write'),
    method: 'put',
    path: '/api/agents/{agent}/prompt',
    tags,
    summary: 'Change the system prompt of an agent',
    description: 'That of the agent that runs by default; the result is a new version.',
    request: { params, headers: ifMatch, body: jsonBody(AgentPrompt, 'The system prompt') },
    responses: {
      200: prompt,
      ...problems(...bodyProblems, 'agent_invalid', 'agent_read_only', 'conflict', 'not_found'),
    },
  }),
  listAgentVersions: createRoute({
    operationId: 'listAgentVersions',
    ...requires('read'),
    method: 'get',
    path: '/api/agents/{agent}/versions',
    tags,
    summary: 'List the versions of an agent',
    description: 'Those that the API made and replaced, the newest first.',
    request: { params, query: z.object(pageQuery('newest')) },
    responses: {
      200: jsonResponse(AgentVersionPage, {
        component: 'AgentVersionPageResponse',
        description: 'A page of versions',
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  getAgentVersion: createRoute({
    operationId: 'getAgentVersion',
    ...requires('read'),
    method: 'get',
    path: '/api/agents/{agent}/versions/{version}',
    tags,
    summary: 'Get a version of an agent',
    description: 'What it was made of then, to compare or to look before it is restored.',
    request: { params: params.extend({ version: parameters.AgentVersionParameter }) },
    responses: {
      200: jsonResponse(AgentVersionContent, {
        component: 'AgentVersionContentResponse',
        description: 'The content of the version',
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  restoreAgentVersion: createRoute({
    operationId: 'restoreAgentVersion',
    ...requires('agents:write'),
    method: 'post',
    path: '/api/agents/{agent}/versions/{version}/restore',
    tags,
    summary: 'Restore a version of an agent',
    description: 'Makes a new revision with the content of an older one.',
    request: {
      params: params.extend({ version: parameters.AgentVersionParameter }),
      headers: ifMatch.extend(actingHeaders.shape),
    },
    responses: {
      200: jsonResponse(AgentDetail, {
        component: 'AgentResponse',
        description: 'The agent',
        headers: ['ETag'],
      }),
      ...problems(
        ...keyProblems,
        'agent_invalid',
        'agent_read_only',
        'code_disabled',
        'conflict',
        'not_found',
        'validation_failed',
      ),
    },
  }),
}
