import { createRoute, z } from '@hono/zod-openapi'
import { requires } from './access.ts'
import { ApiKeyPage, CreatedKey, NewKey, NewSessionToken, SessionToken } from './key.ts'
import { pageQuery, parameters } from './parameter.ts'
import { jsonBody, optionalJsonBody } from './request.ts'
import { bodyProblems, emptyResponse, jsonResponse, problems } from './response.ts'

const tags = ['Keys']

// No Idempotency-Key where an answer holds a secret: its answers would be kept, and only a digest
// of a secret may be.
export const keyOperations = {
  listKeys: createRoute({
    operationId: 'listKeys',
    ...requires('keys'),
    method: 'get',
    path: '/api/keys',
    tags,
    summary: 'List keys',
    description:
      "The caller's keys without their secrets, the newest first, also revoked and expired ones; all of the tenant's for `admin`.",
    request: { query: z.object(pageQuery('newest')) },
    responses: {
      200: jsonResponse(ApiKeyPage, {
        component: 'ApiKeyPageResponse',
        description: 'A page of keys',
      }),
      ...problems('validation_failed'),
    },
  }),
  createKey: createRoute({
    operationId: 'createKey',
    ...requires('keys'),
    method: 'post',
    path: '/api/keys',
    tags,
    summary: 'Make a key',
    description:
      'The key is in the answer and nowhere else. It may do no more than the caller. The first key of a server must hold `admin`, because from then on the server needs one.',
    request: { body: jsonBody(NewKey, 'What the key is to be') },
    responses: {
      201: jsonResponse(CreatedKey, {
        component: 'KeyCreatedResponse',
        description: 'The new key',
        headers: ['Location'],
      }),
      ...problems(...bodyProblems),
    },
  }),
  revokeKey: createRoute({
    operationId: 'revokeKey',
    ...requires('keys'),
    method: 'delete',
    path: '/api/keys/{key}',
    tags,
    summary: 'Revoke a key',
    description:
      'It stops at once on this instance and within 5 s on the others; the streams that it opened and the tokens that it made end with it. Again is fine.',
    request: { params: z.object({ key: parameters.KeyParameter }) },
    responses: {
      204: emptyResponse({ component: 'KeyRevokedResponse', description: 'It is revoked' }),
      ...problems('not_found', 'validation_failed'),
    },
  }),
  createSessionToken: createRoute({
    operationId: 'createSessionToken',
    ...requires('sessions'),
    method: 'post',
    path: '/api/sessions/{session}/tokens',
    tags: ['Sessions'],
    summary: 'Make a token for a browser',
    description:
      'A token that opens this session only, for at most 15 minutes. It ends with the key that made it.',
    request: {
      params: z.object({ session: parameters.SessionParameter }),
      body: optionalJsonBody(NewSessionToken, 'What the token may do'),
    },
    responses: {
      201: jsonResponse(SessionToken, {
        component: 'SessionTokenResponse',
        description: 'The token',
      }),
      ...problems(...bodyProblems, 'not_found'),
    },
  }),
}
