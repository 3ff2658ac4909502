import { createRoute, z } from '@hono/zod-openapi'
import { requires } from './access.ts'
import {
  ApprovalDecision,
  ClientToolResult,
  ElicitationReply,
  ResumeRequest,
  Thinking,
  ToolApproval,
} from './approval.ts'
import { pageOf } from './page.ts'
import { pageQuery, parameters } from './parameter.ts'
import { actingHeaders, jsonBody } from './request.ts'
import { bodyProblems, jsonResponse, keyProblems, problems } from './response.ts'
import { Run } from './run.ts'
import { Approval } from './session.ts'

export const ApprovalPage = pageOf(Approval, 'ApprovalPage')

export const approvalFilterParameters = {
  ApprovalStatusFilterParameter: Approval.shape.status
    .optional()
    .openapi('ApprovalStatusFilterParameter', {
      param: { name: 'status', in: 'query', required: false },
      description: 'Only approvals in this status',
      example: 'pending',
    }),
  SessionFilterParameter: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .openapi('SessionFilterParameter', {
      param: { name: 'session', in: 'query', required: false },
      description: 'Only approvals of this session',
      example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b',
    }),
}

const tags = ['Approvals']
const params = z.object({ session: parameters.SessionParameter })
const runResponse = jsonResponse(Run, { component: 'RunResponse', description: 'The run' })

export const approvalOperations = {
  resumeSession: createRoute({
    operationId: 'resumeSession',
    ...requires('approvals'),
    method: 'post',
    path: '/api/sessions/{session}/resume',
    tags,
    summary: 'Decide what a session waits for',
    description:
      'Decides the oldest pending call, or the one that is named. At the iteration limit `approve` goes on and `reject` stops.',
    request: { params, headers: actingHeaders, body: jsonBody(ResumeRequest, 'The decision') },
    responses: {
      200: runResponse,
      ...problems(
        ...keyProblems,
        ...bodyProblems,
        'not_found',
        'nothing_pending',
        'already_decided',
      ),
    },
  }),
  answerElicitation: createRoute({
    operationId: 'answerElicitation',
    ...requires('approvals'),
    method: 'post',
    path: '/api/sessions/{session}/elicitation',
    tags,
    summary: 'Answer what a tool or the agent asks',
    description: 'The content is checked against the schema of the elicitation.',
    request: { params, headers: actingHeaders, body: jsonBody(ElicitationReply, 'The answer') },
    responses: {
      200: runResponse,
      ...problems(
        ...keyProblems,
        ...bodyProblems,
        'not_found',
        'nothing_pending',
        'already_decided',
      ),
    },
  }),
  submitToolResult: createRoute({
    operationId: 'submitToolResult',
    ...requires('runs'),
    method: 'post',
    path: '/api/sessions/{session}/tool-results',
    tags,
    summary: 'Give the result of a tool that the caller runs',
    description: 'The run goes on when every call of the caller has its result.',
    request: { params, headers: actingHeaders, body: jsonBody(ClientToolResult, 'The result') },
    responses: {
      200: runResponse,
      ...problems(
        ...keyProblems,
        ...bodyProblems,
        'not_found',
        'nothing_pending',
        'already_decided',
      ),
    },
  }),
  toggleToolApproval: createRoute({
    operationId: 'toggleToolApproval',
    ...requires('approvals'),
    method: 'post',
    path: '/api/sessions/{session}/tools/toggle',
    tags,
    summary: 'Turn approval of all tools on or off',
    description: 'Flips it, also for a live run. updateSession sets it to a value.',
    request: { params, headers: actingHeaders },
    responses: {
      200: jsonResponse(ToolApproval, {
        component: 'ToolApprovalResponse',
        description: 'How it is now',
      }),
      ...problems(...keyProblems, 'not_found', 'validation_failed'),
    },
  }),
  toggleThinking: createRoute({
    operationId: 'toggleThinking',
    ...requires('sessions'),
    method: 'post',
    path: '/api/sessions/{session}/thinking/toggle',
    tags,
    summary: 'Turn reasoning on or off',
    description: 'Flips it, also for a live run. updateSession sets it to a value.',
    request: { params, headers: actingHeaders },
    responses: {
      200: jsonResponse(Thinking, { component: 'ThinkingResponse', description: 'How it is now' }),
      ...problems(...keyProblems, 'not_found', 'validation_failed'),
    },
  }),
  listApprovals: createRoute({
    operationId: 'listApprovals',
    ...requires('read'),
    method: 'get',
    path: '/api/approvals',
    tags,
    summary: 'List approvals',
    description: 'Across sessions, newest first.',
    request: {
      query: z.object({
        ...pageQuery('newest'),
        status: approvalFilterParameters.ApprovalStatusFilterParameter,
        session: approvalFilterParameters.SessionFilterParameter,
      }),
    },
    responses: {
      200: jsonResponse(ApprovalPage, {
        component: 'ApprovalPageResponse',
        description: 'A page of approvals',
      }),
      ...problems('validation_failed'),
    },
  }),
  decideApproval: createRoute({
    operationId: 'decideApproval',
    ...requires('approvals'),
    method: 'post',
    path: '/api/approvals/{approval}',
    tags,
    summary: 'Approve or reject a call',
    description:
      'The same decision again answers the approval as it is; the opposite one is a 409 `already_decided`.',
    request: {
      params: z.object({ approval: parameters.ApprovalParameter }),
      headers: actingHeaders,
      body: jsonBody(ApprovalDecision, 'The decision'),
    },
    responses: {
      200: jsonResponse(Approval, {
        component: 'ApprovalResponse',
        description: 'The approval',
      }),
      ...problems(...keyProblems, ...bodyProblems, 'not_found', 'already_decided'),
    },
  }),
}
