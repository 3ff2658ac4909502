import { createRoute, z } from '@hono/zod-openapi'
import { Message } from './message.ts'
import { pageOf } from './page.ts'
import { pageQuery, parameters } from './parameter.ts'
import { jsonResponse, problems } from './response.ts'

export const MessagePage = pageOf(Message, 'MessagePage')

export const messageOperations = {
  listMessages: createRoute({
    operationId: 'listMessages',
    method: 'get',
    path: '/api/sessions/{session}/messages',
    tags: ['Sessions'],
    summary: 'List the messages of a session',
    description: 'The messages of the active branch, oldest first.',
    request: {
      params: z.object({ session: parameters.SessionParameter }),
      query: z.object(pageQuery('oldest')),
    },
    responses: {
      200: jsonResponse(MessagePage, {
        component: 'MessagePageResponse',
        description: 'A page of messages',
      }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
}
