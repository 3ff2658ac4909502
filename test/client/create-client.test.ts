import { expect, expectTypeOf, test } from 'vitest'
import {
  ConnectionError,
  createClient,
  type Message,
  type Run,
  type RunResult,
  type SessionDetail,
} from '../../src/client/index.ts'

const path = { session: 'ses_1' }

test('a call resolves to the data that its operation declares', async () => {
  const { client, requests } = record(Response.json({ id: 'ses_1', last_seq: 7 }))
  const { data } = await client.GET('/api/sessions/{session}', { params: { path } })
  expectTypeOf(data).toExtend<SessionDetail>()
  expect(data.last_seq).toBe(7)
  expect(requests[0]?.url).toBe('http://parley.test/api/sessions/ses_1')
})

test('a run is asked for as one answer, unless the caller wants another form', async () => {
  const { client, requests } = record(Response.json({ completed: true }))
  const { data } = await client.POST('/api/sessions/{session}/agent/{agent}', {
    params: { path: { ...path, agent: 'assistant' } },
    body: [{ role: 'user', content: 'Hello!' }],
  })
  expectTypeOf(data).toExtend<RunResult | Run>()
  expect(requests[0]?.headers.get('accept')).toBe('application/json')
})

test('an answer without a body has no data', async () => {
  const { client } = record(new Response(null, { status: 204 }))
  const { data } = await client.DELETE('/api/sessions/{session}', { params: { path } })
  expect(data).toBeUndefined()
})

test('a field that the contract does not have is a compile error', async () => {
  const { client } = record(Response.json({}))
  // @ts-expect-error The field is called title.
  await client.POST('/api/sessions', { body: { titel: 'x' } })
  expectTypeOf<Message['status']>().toEqualTypeOf<'complete' | 'incomplete'>()
})

test('an error status is thrown with its problem document', async () => {
  const problem = { code: 'not_found', detail: 'There is no session ses_1', status: 404 }
  const { client } = record(Response.json(problem, { status: 404 }))
  await expect(client.GET('/api/sessions/{session}', { params: { path } })).rejects.toMatchObject({
    name: 'ApiError',
    message: 'not_found: There is no session ses_1',
    problem,
  })
})

test('an error page of something else on the way is an ApiError without a problem', async () => {
  const { client } = record(new Response('<html>', { status: 502 }))
  await expect(client.GET('/api/agents')).rejects.toMatchObject({ status: 502, problem: null })
})

test('a server that cannot be reached is a ConnectionError with its cause', async () => {
  const client = createClient({
    baseUrl: 'http://parley.test',
    fetch: () => Promise.reject(new TypeError('fetch failed')),
  })
  const error = await client.GET('/api/agents').catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConnectionError)
  expect(error).toMatchObject({ message: 'GET http://parley.test/api/agents got no answer' })
})

test('headers are asked for at each request, and a call goes before them', async () => {
  let token = 0
  const requests: Request[] = []
  const client = createClient({
    baseUrl: 'http://parley.test/',
    headers: async () => {
      token += 1
      return { authorization: `Bearer ${token}`, 'x-request-id': 'all' }
    },
    fetch: async (request) => {
      requests.push(request)
      return Response.json([])
    },
  })
  await client.GET('/api/agents')
  await client.GET('/api/agents', { headers: { 'x-request-id': 'one' } })
  expect(
    requests.map(({ headers }) => [headers.get('authorization'), headers.get('x-request-id')]),
  ).toEqual([
    ['Bearer 1', 'all'],
    ['Bearer 2', 'one'],
  ])
})

test('a token that may be missing is sent when it is there', async () => {
  const tokens = [undefined, 'key', undefined]
  const shown: (string | null)[] = []
  const client = createClient({
    baseUrl: 'http://parley.test/',
    token: () => tokens.shift(),
    fetch: async ({ headers }) => {
      shown.push(headers.get('authorization'))
      return Response.json([])
    },
  })
  await client.GET('/api/agents')
  await client.GET('/api/agents')
  await client.GET('/api/agents')
  expect(shown).toEqual([null, 'Bearer key', null])
})

test.each(['', 'parley', 'localhost:8080', 'ftp://parley.test'])(
  'a base URL of %j is refused before anything is tried',
  (baseUrl) => {
    expect(() => createClient({ baseUrl })).toThrow('give an http(s) URL')
  },
)

function record(response: Response) {
  const requests: Request[] = []
  const client = createClient({
    baseUrl: 'http://parley.test',
    fetch: async (request) => {
      requests.push(request)
      return response
    },
  })
  return { client, requests }
}
