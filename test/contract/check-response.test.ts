import { expect, test } from 'vitest'
import { checkResponse } from '../support/contract.ts'

const id = { 'x-request-id': 'req_1' }
const json = { 'content-type': 'application/json', ...id }
const problem = { 'content-type': 'application/problem+json', ...id }
const notFound = {
  type: 'urn:parley:problem:not_found',
  title: 'x',
  status: 404,
  detail: 'x',
  code: 'not_found',
  request_id: 'req_1',
}

function check(path: string, status: number, headers: Record<string, string>, body: string) {
  const request = { method: 'GET', url: `http://localhost${path}` }
  return checkResponse(request, new Response(body, { status, headers }))
}

const broken: [string, [string, number, Record<string, string>, string], string][] = [
  ['a status that is not declared', ['/api/ping', 201, json, '{"status":"ok"}'], 'status 201'],
  [
    'another media type',
    ['/api/ping', 200, { 'content-type': 'text/plain', ...id }, 'ok'],
    'text/plain',
  ],
  [
    'a missing header',
    ['/api/ping', 200, { 'content-type': 'application/json' }, '{"status":"ok"}'],
    'X-Request-Id is missing',
  ],
  ['a missing field', ['/api/ping', 200, json, '{}'], 'status'],
  ['an undeclared field', ['/api/ping', 200, json, '{"status":"ok","extra":1}'], 'undeclared'],
  [
    'a problem that is plain JSON',
    ['/api/runs/x', 404, json, JSON.stringify(notFound)],
    'content type',
  ],
  [
    'a code of another status',
    ['/api/runs/x', 404, problem, JSON.stringify({ ...notFound, code: 'conflict' })],
    'code conflict',
  ],
  [
    'another request id',
    ['/api/runs/x', 404, problem, JSON.stringify({ ...notFound, request_id: 'y' })],
    'request_id',
  ],
  [
    'a 503 that says not how long',
    ['/api/ping', 503, problem, JSON.stringify({ ...notFound, status: 503, code: 'unavailable' })],
    'Retry-After',
  ],
]

test.each(broken)('%s is found', async (_name, [path, status, headers, body], found) => {
  await expect(check(path, status, headers, body)).rejects.toThrow(found)
})

test('an answer that keeps the contract is handed on', async () => {
  const response = await check('/api/ping', 200, json, '{"status":"ok"}')
  expect(await response.json()).toEqual({ status: 'ok' })
})

const stream = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  ...id,
}
const frames: [string, string][] = [
  ['an event of no known type', 'id: 1\ndata: {"type":"surprise","seq":1}\n\n'],
  [
    'an id that is not the seq',
    'id: 2\ndata: {"type":"session_title","seq":1,"session_id":"s","run_id":"r","agent":"root","timestamp":"2026-01-31T12:00:00.000Z","title":"x"}\n\n',
  ],
  ['half a frame', 'id: 1\ndata: {'],
]

test.each(frames)('%s breaks the stream', async (_name, text) => {
  const response = await check('/api/runs/run_1/events', 200, stream, text)
  await expect(response.text()).rejects.toThrow()
})
