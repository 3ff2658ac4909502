import { createRoute, z } from '@hono/zod-openapi'
import { requires } from './access.ts'
import { BranchOptions, MessageEdit } from './chat.ts'
import { ListedMessage } from './message.ts'
import { pageOf } from './page.ts'
import { pageQuery, parameters } from './parameter.ts'
import { jsonBody, optionalJsonBody } from './request.ts'
import { bodyProblems, jsonResponse, keyProblems, problems } from './response.ts'
import { representationHeaders, representations } from './run-representations.ts'

export const MessagePage = pageOf(ListedMessage, 'MessagePage')

const turn = z.object({
  session: parameters.SessionParameter,
  message: parameters.MessageParameter,
})

export const messageOperations = {
  listMessages: createRoute({
    operationId: 'listMessages',
    ...requires('read'),
    method: 'get',
    path: '/api/sessions/{session}/messages',
    tags: ['Sessions'],
    summary: 'List the messages of a session',
    description:
      'The messages of the active branch, or of another, oldest first. Siblings are what was said instead, by an edit or another answer: `?branch=` with the id of one shows its branch, and updateSession with the last message of that as `leaf_message_id` switches to it.',
    request: {
      params: z.object({ session: parameters.SessionParameter }),
      query: z.object({ ...pageQuery('oldest'), branch: parameters.BranchParameter }),
    },
    responses: {
      200: jsonResponse(MessagePage, {
        component: 'MessagePageResponse',
        description: 'A page of messages',
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  editMessage: createRoute({
    operationId: 'editMessage',
    ...requires('runs'),
    method: 'post',
    path: '/api/sessions/{session}/messages/{message}/edit',
    tags: ['Sessions'],
    summary: 'Say something else instead',
    description:
      "Puts a new message beside one of the user's, on whatever branch that is, makes it the active branch, and runs the session's agent. The old message and all that followed stay as a branch of their own. `on_busy` says what becomes of a run that is active; without it that is a 409 `session_busy`.",
    request: {
      params: turn,
      headers: representationHeaders,
      body: jsonBody(MessageEdit, 'The new message, and options'),
    },
    responses: {
      ...representations,
      ...problems(...keyProblems, ...bodyProblems, 'not_found', 'session_busy', 'queue_full'),
    },
  }),
  regenerateMessage: createRoute({
    operationId: 'regenerateMessage',
    ...requires('runs'),
    method: 'post',
    path: '/api/sessions/{session}/messages/{message}/regenerate',
    tags: ['Sessions'],
    summary: 'Ask for another answer',
    description:
      "Runs the session's agent again from before an answer of the model, or from the user's message that is named. The new answer is a sibling of the old one, which stays as a branch. After tool calls only the named step is taken again: its results stand. `on_busy` says what becomes of a run that is active; without it that is a 409 `session_busy`.",
    request: {
      params: turn,
      headers: representationHeaders,
      body: optionalJsonBody(BranchOptions, 'Options'),
    },
    responses: {
      ...representations,
      ...problems(...keyProblems, ...bodyProblems, 'not_found', 'session_busy', 'queue_full'),
    },
  }),
}
