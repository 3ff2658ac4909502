import { FinishedTurn } from './finished-turn.ts'
import { jsonBody } from './request.ts'

/** What the server sends by itself; each key names a webhook of the document. */
export const webhooks = {
  turnFinished: {
    operationId: 'turnFinished',
    method: 'post' as const,
    path: 'turnFinished',
    tags: ['Webhooks'],
    summary: 'A turn has finished',
    description:
      'Posted to `--archive-url` at least once, in no promised order, with the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` of Standard Webhooks. Any 2xx takes it and 410 drops it; any other status has it sent again, for a day.',
    security: [],
    request: { body: jsonBody(FinishedTurn, 'The turn') },
    responses: { 204: { description: 'It was taken' } },
  },
}
