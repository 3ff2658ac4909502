import { createRoute, z } from '@hono/zod-openapi'
import { requires } from './access.ts'
import { parameters } from './parameter.ts'
import { actingHeaders, jsonBody, optionalJsonBody } from './request.ts'
import { bodyProblems, jsonResponse, keyProblems, problems } from './response.ts'
import { Session } from './session.ts'
import { SessionExport, SessionFork } from './session-copy.ts'

const tags = ['Sessions']
const params = z.object({ session: parameters.SessionParameter })
const created = jsonResponse(Session, {
  component: 'SessionCreatedResponse',
  description: 'The new session',
  headers: ['Location'],
})

export const sessionCopyOperations = {
  forkSession: createRoute({
    operationId: 'forkSession',
    ...requires('sessions'),
    method: 'post',
    path: '/api/sessions/{session}/fork',
    tags,
    summary: 'Copy a conversation up to a message',
    description:
      'Makes a session with the same settings and copies of the messages of one branch, which have ids of their own; `parent_id` names the session that it came from. Its log is empty until it is run. Also while a run is active: what is stored is copied, and a tool call that is not over has a result that says so.',
    request: {
      params,
      headers: actingHeaders,
      body: optionalJsonBody(SessionFork, 'How far to copy'),
    },
    responses: {
      201: created,
      ...problems(...keyProblems, ...bodyProblems, 'not_found'),
    },
  }),
  exportSession: createRoute({
    operationId: 'exportSession',
    ...requires('read'),
    method: 'get',
    path: '/api/sessions/{session}/export',
    tags,
    summary: 'Get a whole conversation as one document',
    description:
      'Settings, the messages of all branches, summaries, and the runs and tool calls that are over; what agents below wrote in sessions of their own is not in it. importSession makes a session of it.',
    request: { params },
    responses: {
      200: jsonResponse(SessionExport, {
        component: 'SessionExportResponse',
        description: 'The conversation',
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  importSession: createRoute({
    operationId: 'importSession',
    ...requires('sessions'),
    method: 'post',
    path: '/api/sessions/import',
    tags,
    summary: 'Make a session of a document',
    description:
      'The opposite of exportSession, up to 10 MiB. All ids are new. Messages must follow messages that come earlier in the document; a tool call without a result gets one that says so, a result without a call is a 422. `permissions` and `tools_approved` take the scope `approvals` too.',
    request: {
      headers: actingHeaders,
      body: jsonBody(SessionExport, 'What exportSession gave'),
    },
    responses: {
      201: created,
      ...problems(...keyProblems, ...bodyProblems),
    },
  }),
}
