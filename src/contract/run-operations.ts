import { createRoute, z } from '@hono/zod-openapi'
import { requires, requiresOrTicket } from './access.ts'
import { ChatMessage, ChatRequest, RunBody } from './chat.ts'
import { RuntimeEvent } from './event.ts'
import { pageOf } from './page.ts'
import { pageQuery, parameters, streamQuery } from './parameter.ts'
import { actingHeaders, jsonBody } from './request.ts'
import {
  bodyProblems,
  emptyResponse,
  jsonResponse,
  keyProblems,
  problems,
  streamOrJsonResponse,
  streamResponse,
} from './response.ts'
import { Run } from './run.ts'
import { representationHeaders, representations, startProblems } from './run-representations.ts'

export const RunPage = pageOf(Run, 'RunPage')
export const EventPage = pageOf(RuntimeEvent, 'EventPage')

const tags = ['Runs']
const session = parameters.SessionParameter
const agent = parameters.AgentParameter
const run = parameters.RunParameter

const cancelled = {
  200: jsonResponse(Run, { component: 'RunResponse', description: 'The run' }),
  202: jsonResponse(Run, {
    component: 'RunCancellingResponse',
    description: 'The run was told to stop and is not over after 2 s',
    headers: ['Location'],
  }),
}

const streamHeaders = z.object({ 'last-event-id': parameters.LastEventIdParameter })

export const runOperations = {
  runAgent: createRoute({
    operationId: 'runAgent',
    ...requires('runs'),
    method: 'post',
    path: '/api/sessions/{session}/agent/{agent}',
    tags,
    summary: 'Run an agent in a session',
    description:
      'Stores the messages and runs the `root` agent of the source, else its first one. Closing the connection does not stop the run.',
    request: {
      params: z.object({ session, agent }),
      headers: representationHeaders,
      body: jsonBody(RunBody, 'The messages, and options'),
    },
    responses: { ...representations, ...problems(...keyProblems, ...startProblems) },
  }),
  runNamedAgent: createRoute({
    operationId: 'runNamedAgent',
    ...requires('runs'),
    method: 'post',
    path: '/api/sessions/{session}/agent/{agent}/{agent_name}',
    tags,
    summary: 'Run one agent of a source in a session',
    description: 'The same as runAgent, with the agent inside the source.',
    request: {
      params: z.object({ session, agent, agent_name: parameters.AgentNameParameter }),
      headers: representationHeaders,
      body: jsonBody(RunBody, 'The messages, and options'),
    },
    responses: { ...representations, ...problems(...keyProblems, ...startProblems) },
  }),
  startChat: createRoute({
    operationId: 'startChat',
    ...requires('runs'),
    method: 'post',
    path: '/api/agents/{agent}/chat',
    tags,
    summary: 'Begin a conversation with an agent',
    description: 'Makes a session and a run in one go.',
    request: {
      params: z.object({ agent }),
      headers: representationHeaders,
      body: jsonBody(ChatMessage, 'The message, and options'),
    },
    responses: { ...representations, ...problems(...keyProblems, ...bodyProblems, 'not_found') },
  }),
  continueChat: createRoute({
    operationId: 'continueChat',
    ...requires('runs'),
    method: 'post',
    path: '/api/sessions/{session}/chat',
    tags,
    summary: 'Go on with a conversation',
    description: "One more message to the session's agent.",
    request: {
      params: z.object({ session }),
      headers: representationHeaders,
      body: jsonBody(ChatMessage, 'The message, and options'),
    },
    responses: { ...representations, ...problems(...keyProblems, ...startProblems) },
  }),
  chat: createRoute({
    operationId: 'chat',
    ...requires('runs'),
    method: 'post',
    path: '/api/chat',
    tags,
    summary: 'Say something',
    description:
      'One message. An unknown `session_id` makes a session with that external id, none makes a new one; without an agent the default one answers.',
    request: {
      headers: representationHeaders,
      body: jsonBody(ChatRequest, 'The message, whom it goes to, and options'),
    },
    responses: { ...representations, ...problems(...keyProblems, ...startProblems) },
  }),
  getRun: createRoute({
    operationId: 'getRun',
    ...requires('read'),
    method: 'get',
    path: '/api/runs/{run}',
    tags,
    summary: 'Get a run',
    description: 'The run as it is now.',
    request: { params: z.object({ run }) },
    responses: {
      200: jsonResponse(Run, { component: 'RunResponse', description: 'The run' }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  listRuns: createRoute({
    operationId: 'listRuns',
    ...requires('read'),
    method: 'get',
    path: '/api/sessions/{session}/runs',
    tags,
    summary: 'List the runs of a session',
    description: 'Newest first.',
    request: { params: z.object({ session }), query: z.object(pageQuery('newest')) },
    responses: {
      200: jsonResponse(RunPage, { component: 'RunPageResponse', description: 'A page of runs' }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  cancelRun: createRoute({
    operationId: 'cancelRun',
    ...requires('runs'),
    method: 'post',
    path: '/api/runs/{run}/cancel',
    tags,
    summary: 'Cancel a run',
    description:
      'Answers when the run is over, or after 2 s with 202. A run that is over stays as it is.',
    request: { params: z.object({ run }), headers: actingHeaders },
    responses: { ...cancelled, ...problems(...keyProblems, 'not_found', 'validation_failed') },
  }),
  streamRun: createRoute({
    operationId: 'streamRun',
    ...requiresOrTicket('read'),
    method: 'get',
    path: '/api/runs/{run}/events',
    tags,
    summary: "Follow a run's events",
    description:
      "From the run's first event, or after the one that the caller names, to its `stream_stopped`; then the stream closes. 204 when there is nothing left, so that an EventSource stops.",
    request: {
      params: z.object({ run }),
      query: z.object(streamQuery),
      headers: streamHeaders,
    },
    responses: {
      200: streamResponse({ component: 'RunEventsResponse', description: "The run's events" }),
      204: emptyResponse({
        component: 'NoMoreEventsResponse',
        description: 'The run is over and the caller has all of it',
      }),
      ...problems('invalid_json', 'not_found', 'events_expired', 'validation_failed'),
    },
  }),
  streamSession: createRoute({
    operationId: 'streamSession',
    ...requiresOrTicket('read'),
    method: 'get',
    path: '/api/sessions/{session}/events',
    tags,
    summary: "Follow a session's events",
    description:
      'From the oldest event kept, after the one that the caller names, or from now on (`after=latest`); open across runs. `Accept: application/json` answers one page.',
    request: {
      params: z.object({ session }),
      query: z.object({
        ...streamQuery,
        limit: parameters.LimitParameter,
        cursor: parameters.CursorParameter,
      }),
      headers: streamHeaders,
    },
    responses: {
      200: streamOrJsonResponse(EventPage, {
        component: 'SessionEventsResponse',
        description: "The session's events",
      }),
      ...problems('invalid_json', 'not_found', 'events_expired', 'validation_failed'),
    },
  }),
  cancelSession: createRoute({
    operationId: 'cancelSession',
    ...requires('runs'),
    method: 'post',
    path: '/api/sessions/{session}/cancel',
    tags,
    summary: 'Cancel the active run of a session',
    description: 'Answers when the run is over, or after 2 s with 202.',
    request: { params: z.object({ session }), headers: actingHeaders },
    responses: {
      ...cancelled,
      ...problems(...keyProblems, 'not_found', 'no_active_run', 'validation_failed'),
    },
  }),
}
