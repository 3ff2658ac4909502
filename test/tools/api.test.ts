import { expect, test } from 'vitest'
import { checkArguments } from '#runtime/arguments.ts'
import { createApiToolset } from '#tools/api.ts'
import { type Answer, type Received, recordingService } from './recording-service.ts'
import { callTool, toolContext } from './tool-context.ts'

const text = { type: 'string' }
const environment = { KEY: 'secret' }

async function service(config: Record<string, unknown>, answer?: (received: Received) => Answer) {
  const { base, guardedFetch, received } = await recordingService(answer)
  const create = createApiToolset({ guardedFetch, environment, checkValue: checkArguments })
  const { path, ...rest } = config
  const toolset = create({ type: 'api', name: 'ask', endpoint: base + path, ...rest })
  const ask = (args: Record<string, unknown>, context = toolContext()) =>
    callTool(toolset, 'ask', args, context)
  return { received, toolset, ask, base }
}

test('arguments of a GET go to the path and the query, and the answer comes as text and value', async () => {
  const { ask, received, toolset } = await service({
    path: '/pets/{id}/toys?lang=${lang}',
    args: { id: text, lang: text, tags: { type: 'array' }, deep: { type: 'object' } },
    headers: { 'X-Key': '${env.KEY}', 'X-User': '${headers.x-user}' },
  })
  const args = { id: 'a b', lang: 'de', tags: ['x&y', 'z'], deep: { a: 1 } }
  expect(await ask(args, toolContext({ headers: { 'x-user': 'ada' } }))).toEqual({
    type: 'result',
    output: '{"done":true}',
    is_error: false,
    structured: { done: true },
  })
  expect(received).toMatchObject([
    {
      method: 'GET',
      url: '/pets/a%20b/toys?lang=de&tags=x%26y&tags=z&deep=%7B%22a%22%3A1%7D',
      headers: { 'x-key': 'secret', 'x-user': 'ada' },
      body: '',
    },
  ])
  const [tool] = await toolset.tools(toolContext())
  expect(tool?.definition).toMatchObject({
    parameters: { required: ['id', 'lang'], additionalProperties: false },
    annotations: { read_only: true },
    effect: 'read',
  })
})

test('arguments of other methods are a JSON body, under the id of the call', async () => {
  const { ask, received, toolset } = await service({
    path: '/pets/{id}',
    method: 'PUT',
    args: { id: text, name: text },
    required: ['name'],
  })
  await ask({ id: '7', name: 'Rex' }, toolContext({ callId: 'call_x' }))
  expect(received).toMatchObject([
    {
      method: 'PUT',
      url: '/pets/7',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'call_x' },
      body: '{"name":"Rex"}',
    },
  ])
  const [tool] = await toolset.tools(toolContext())
  expect(tool?.definition).toMatchObject({
    annotations: { read_only: false, idempotent: true },
    effect: 'once',
  })
})

test.each([
  ['../../admin', '/pets/..%2F..%2Fadmin/toys?q=1'],
  ['a/b?x=1#y', '/pets/a%2Fb%3Fx%3D1%23y/toys?q=1'],
  ['@evil.example', '/pets/%40evil.example/toys?q=1'],
  ['\\..\\x\r\nHost: evil', '/pets/%5C..%5Cx%0D%0AHost%3A%20evil/toys?q=1'],
  ['%2e%2e', '/pets/%252e%252e/toys?q=1'],
  ['\ud800', '/pets/%EF%BF%BD/toys?q=1'],
])('the argument %j stays one segment of the path', async (id, url) => {
  const { ask, received } = await service({
    path: '/pets/{id}/toys?q={q}',
    args: { id: text, q: text },
  })
  await ask({ id, q: '1' })
  expect(received.map((request) => request.url)).toEqual([url])
})

test.each([['..'], ['.'], ['']])(
  'the argument %j would be another path and is refused',
  async (id) => {
    const { ask, received } = await service({ path: '/pets/{id}/toys', args: { id: text } })
    expect(await ask({ id })).toEqual({
      type: 'result',
      output: `{id} may not become "${id}": that would be another path`,
      is_error: true,
    })
    expect(received).toEqual([])
  },
)

test('an argument in the query adds no parameter and replaces none of the endpoint', async () => {
  const { ask, received } = await service({
    path: '/find?q={q}&key=mine',
    args: { q: text, key: text },
  })
  await ask({ q: 'x&admin=1#y' })
  expect(received.map(({ url }) => url)).toEqual(['/find?q=x%26admin%3D1%23y&key=mine'])
  expect(await ask({ q: 'x', key: 'yours' })).toMatchObject({
    is_error: true,
    output: expect.stringContaining('key is fixed by the endpoint'),
  })
  expect(received).toHaveLength(1)
})

test('an answer that is not as declared is told, with what is wrong', async () => {
  const { ask } = await service(
    { path: '/pet', output_schema: { type: 'object', required: ['name'] } },
    ({ url }) => (url === '/pet' ? { body: { age: 3 } } : {}),
  )
  expect(await ask({})).toEqual({
    type: 'result',
    output:
      'The request was done (HTTP 200), but its answer is not as declared:\n- (answer): "name" is missing\n\n{"age":3}',
    is_error: true,
    structured: { age: 3 },
  })
})

test('a refusal is an error with what the service said, and no body is said to be none', async () => {
  const { ask } = await service({ path: '/pet', method: 'POST' }, () => ({
    status: 422,
    body: { detail: 'no name' },
  }))
  expect(await ask({})).toEqual({
    type: 'result',
    output: 'The service answered HTTP 422.\n\n{"detail":"no name"}',
    is_error: true,
    structured: { detail: 'no name' },
  })
  const empty = await service({ path: '/pet', method: 'DELETE' }, () => ({ status: 204, body: '' }))
  expect(await empty.ask({})).toMatchObject({
    output: 'HTTP 204, without a body',
    is_error: false,
  })
})

test('a host that nobody allowed is not asked', async () => {
  const { guardedFetch, port, received } = await recordingService()
  const create = createApiToolset({ guardedFetch, environment, checkValue: checkArguments })
  const toolset = create({ type: 'api', name: 'ask', endpoint: `http://inner.example:${port}/` })
  expect(await callTool(toolset, 'ask', {})).toMatchObject({
    is_error: true,
    output: expect.stringContaining('--allow-host'),
  })
  expect(received).toEqual([])
})

test('what is sent is not stored or shown: a missing variable is named, not its header', async () => {
  const { ask, received } = await service({ path: '/', headers: { 'X-Key': '${env.NONE}' } })
  expect(await ask({})).toMatchObject({
    is_error: true,
    output: 'the environment variable NONE is not set',
  })
  expect(received).toEqual([])
})

test('a service that sends back what it was sent shows no secret of it', async () => {
  const { ask } = await service(
    { path: '/', headers: { 'X-Key': 'Key ${env.KEY}', 'X-User': '${headers.x-user}' } },
    ({ headers }) => ({ body: { echo: [headers['x-key'], headers['x-user']] } }),
  )
  const context = toolContext({ headers: { 'x-user': 'ada-token' } })
  expect(await ask({}, context)).toMatchObject({
    output: '{"echo":["Key [KEY]","[x-user]"]}',
    structured: { echo: ['Key [KEY]', '[x-user]'] },
  })
})

test('the older form with api_config is the same', async () => {
  const { base, guardedFetch, received } = await recordingService()
  const create = createApiToolset({ guardedFetch, environment, checkValue: checkArguments })
  const toolset = create({
    type: 'api',
    api_config: {
      name: 'weather',
      method: 'GET',
      endpoint: `${base}/weather/\${city}`,
      instruction: 'Tells the weather',
      args: { city: text },
      required: ['city'],
    },
  })
  await callTool(toolset, 'weather', { city: 'Ulm' })
  expect(received.map(({ url }) => url)).toEqual(['/weather/Ulm'])
})

test.each([
  [{ endpoint: 'https://{host}/x', args: { host: text } }, 'not in the host'],
  [{ endpoint: 'https://a.example/{id}' }, '{id} is no argument under args'],
  [{ endpoint: 'https://a.example/', required: ['id'] }, 'id is no argument under args'],
  [{ endpoint: 'https://a.example:port/' }, 'this is no URL'],
])('an entry that cannot work is refused: %j', (fields, fault) => {
  const guardedFetch = () => Promise.reject(new Error('never asked'))
  const create = createApiToolset({ guardedFetch, environment, checkValue: checkArguments })
  expect(() => create({ type: 'api', name: 'ask', ...fields })).toThrow(fault)
})
