import { createRoute, z } from '@hono/zod-openapi'
import { requires } from './access.ts'
import { pageOf } from './page.ts'
import { pageQuery, parameters } from './parameter.ts'
import { actingHeaders, jsonBody, optionalJsonBody } from './request.ts'
import { bodyProblems, emptyResponse, jsonResponse, keyProblems, problems } from './response.ts'
import {
  NewSession,
  PermissionsPatch,
  Session,
  SessionDetail,
  SessionPatch,
  SessionPermissions,
  SessionStatus,
  SessionTitle,
  SessionTitlePatch,
} from './session.ts'

export const SessionPage = pageOf(Session, 'SessionPage')

const tags = ['Sessions']
const params = z.object({ session: parameters.SessionParameter })

export const sessionFilterParameters = {
  AgentFilterParameter: z
    .string()
    .max(200)
    .optional()
    .openapi('AgentFilterParameter', {
      param: { name: 'agent', in: 'query', required: false },
      description: 'Only sessions of this agent source',
      example: 'assistant',
    }),
  SessionStatusFilterParameter: SessionStatus.optional().openapi('SessionStatusFilterParameter', {
    param: { name: 'status', in: 'query', required: false },
    description: 'Only sessions in this status',
    example: 'running',
  }),
  SearchParameter: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .openapi('SearchParameter', {
      param: { name: 'q', in: 'query', required: false },
      description:
        'Searches titles and the text of messages. Each page looks into 1,000 sessions, so it may hold few or none although there is a next one',
      example: 'invoice',
    }),
  MetadataFilterParameter: z
    .string()
    .max(2000)
    .transform(metadataFromText)
    .optional()
    .openapi('MetadataFilterParameter', {
      param: { name: 'metadata', in: 'query', required: false },
      type: 'string',
      description: 'Only sessions whose metadata contains this JSON object',
      example: '{"customer":"c_17"}',
    }),
}

export const sessionOperations = {
  listSessions: createRoute({
    operationId: 'listSessions',
    ...requires('read'),
    method: 'get',
    path: '/api/sessions',
    tags,
    summary: 'List sessions',
    description: 'The sessions of the caller, the latest activity first.',
    request: {
      query: z.object({
        ...pageQuery('newest'),
        agent: sessionFilterParameters.AgentFilterParameter,
        status: sessionFilterParameters.SessionStatusFilterParameter,
        q: sessionFilterParameters.SearchParameter,
        metadata: sessionFilterParameters.MetadataFilterParameter,
      }),
    },
    responses: {
      200: jsonResponse(SessionPage, {
        component: 'SessionPageResponse',
        description: 'A page of sessions',
      }),
      ...problems('validation_failed'),
    },
  }),
  createSession: createRoute({
    operationId: 'createSession',
    ...requires('sessions'),
    method: 'post',
    path: '/api/sessions',
    tags,
    summary: 'Make a session',
    description:
      'Makes an empty conversation; `{}` is fine. `permissions` and `tools_approved` take the scope `approvals` too. An `external_id` is accepted wherever a session id is; one that is in use is a 409.',
    request: {
      headers: actingHeaders,
      body: optionalJsonBody(NewSession, 'What the session is to be'),
    },
    responses: {
      201: jsonResponse(Session, {
        component: 'SessionCreatedResponse',
        description: 'The new session',
        headers: ['Location'],
      }),
      ...problems(...keyProblems, ...bodyProblems, 'conflict'),
    },
  }),
  getSession: createRoute({
    operationId: 'getSession',
    ...requires('read'),
    method: 'get',
    path: '/api/sessions/{session}',
    tags,
    summary: 'Get a session',
    description:
      'The session with all that a page needs to show it: what waits for a decision, and the newest messages of the active branch.',
    request: { params },
    responses: {
      200: jsonResponse(SessionDetail, {
        component: 'SessionDetailResponse',
        description: 'The session',
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  updateSession: createRoute({
    operationId: 'updateSession',
    ...requires('sessions'),
    method: 'patch',
    path: '/api/sessions/{session}',
    tags,
    summary: 'Change a session',
    description:
      'Sets the fields that are given and leaves the others. Counts for a live run. `leaf_message_id` switches to another branch of the messages. `permissions` and `tools_approved` take the scope `approvals` too.',
    request: { params, body: jsonBody(SessionPatch, 'The fields to set') },
    responses: {
      200: jsonResponse(Session, { component: 'SessionResponse', description: 'The session' }),
      ...problems(...bodyProblems, 'not_found', 'session_busy'),
    },
  }),
  updateSessionTitle: createRoute({
    operationId: 'updateSessionTitle',
    ...requires('sessions'),
    method: 'patch',
    path: '/api/sessions/{session}/title',
    tags,
    summary: 'Rename a session',
    description: 'Sets the title.',
    request: { params, body: jsonBody(SessionTitlePatch, 'The new title') },
    responses: {
      200: jsonResponse(SessionTitle, {
        component: 'SessionTitleResponse',
        description: 'The id and the new title',
      }),
      ...problems(...bodyProblems, 'not_found'),
    },
  }),
  updateSessionPermissions: createRoute({
    operationId: 'updateSessionPermissions',
    ...requires('approvals'),
    method: 'patch',
    path: '/api/sessions/{session}/permissions',
    tags,
    summary: 'Replace the permissions of a session',
    description: 'Replaces all three lists; a list that is missing becomes empty.',
    request: {
      params,
      body: jsonBody(PermissionsPatch, 'The new permissions'),
    },
    responses: {
      200: jsonResponse(SessionPermissions, {
        component: 'SessionPermissionsResponse',
        description: 'The id and the new permissions',
      }),
      ...problems(...bodyProblems, 'not_found'),
    },
  }),
  deleteSession: createRoute({
    operationId: 'deleteSession',
    ...requires('sessions'),
    method: 'delete',
    path: '/api/sessions/{session}',
    tags,
    summary: 'Delete a session',
    description: 'Cancels its live run first, then deletes everything that belongs to it.',
    request: { params },
    responses: {
      204: emptyResponse({ component: 'SessionDeletedResponse', description: 'It is gone' }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
}

function metadataFromText(text: string, context: z.RefinementCtx): Record<string, unknown> {
  const value = parseObject(text)
  if (value) return value
  context.addIssue({ code: 'custom', message: 'must be a JSON object, as {"customer":"c_17"}' })
  return z.NEVER
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return z.record(z.string(), z.unknown()).safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
