import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createOpenApiToolset } from '#tools/openapi.ts'
import type { LogFields } from '../../src/log.ts'
import { petsDocument } from './openapi-pets.ts'
import { type Answer, type Received, recordingService } from './recording-service.ts'
import { callTool, temporaryDirectory, toolContext } from './tool-context.ts'

/** A service whose document is at `/docs/openapi.yaml`, and the toolset over it. */
async function service(
  config: Record<string, unknown> = {},
  answer: (received: Received) => Answer = () => ({}),
) {
  const warnings: string[] = []
  let time = 0
  const { base, port, guardedFetch, received } = await recordingService((request) =>
    request.url === '/docs/openapi.yaml'
      ? {
          headers: { 'content-type': 'application/yaml' },
          body: petsDocument.replace('PORT', String(port)),
          ...answer(request),
        }
      : answer(request),
  )
  const log = {
    debug: () => {},
    info: () => {},
    warn: (message: string, _fields?: LogFields) => void warnings.push(message),
    error: () => {},
    child: () => log,
  }
  const create = createOpenApiToolset({
    guardedFetch,
    environment: { KEY: 'secret' },
    now: () => time,
    log,
  })
  const place = { baseDirectory: await temporaryDirectory() }
  const source = config.file === undefined ? { url: `${base}/docs/openapi.yaml` } : {}
  const toolset = create({ type: 'openapi', ...source, ...config }, place)
  return {
    ...place,
    base,
    toolset,
    warnings,
    calls: () => received.filter(({ url }) => url !== '/docs/openapi.yaml'),
    reads: () => received.filter(({ url }) => url === '/docs/openapi.yaml'),
    names: async () =>
      (await toolset.tools(toolContext())).map(({ definition }) => definition.name),
    call: (name: string, args: Record<string, unknown>, context = toolContext()) =>
      callTool(toolset, name, args, context),
    later: (milliseconds: number) => {
      time += milliseconds
    },
  }
}

test('each operation that can be called is a tool, and the others are named in the log', async () => {
  const { names, warnings } = await service()
  expect(await names()).toEqual(['pets_list', 'createPet', 'delete_pets_id', 'namePet'])
  expect(warnings).toEqual([
    'an operation is left out: addPhoto: its body is image/png, and only JSON, forms and plain text are sent',
    'an operation is left out: readElsewhere: the reference "https://evil.example/parameters.json#/a" leads out of the document; put what it means into the document',
  ])
})

test('parameters and body are one schema without references, in the words of JSON Schema', async () => {
  const { toolset } = await service({ headers: { 'x-api-key': '${env.KEY}' } })
  const [list, create] = await toolset.tools(toolContext())
  expect(list?.definition).toEqual({
    name: 'pets_list',
    description: 'Lists pets\n\nAll of them.',
    parameters: {
      type: 'object',
      properties: {
        limit: { type: 'integer', exclusiveMaximum: 100, description: 'How many' },
        kind: { type: 'array', items: { type: 'string', enum: ['cat', 'dog'] } },
        ids: { type: 'array', items: { type: 'integer' } },
        where: { type: 'object' },
        filter: { type: 'object' },
        'X-Trace': { type: 'string' },
      },
      required: [],
      additionalProperties: false,
    },
    annotations: {
      title: 'Lists pets',
      read_only: true,
      destructive: false,
      idempotent: true,
      open_world: true,
    },
    effect: 'read',
  })
  expect(create?.definition).toMatchObject({
    effect: 'once',
    annotations: { read_only: false },
    parameters: { required: ['body'] },
  })
  expect(create?.definition.parameters.properties).toEqual({
    limit: expect.anything(),
    body: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string' },
        nick: { type: ['string', 'null'] },
        owner: {
          anyOf: [
            {
              allOf: [
                {
                  type: 'object',
                  additionalProperties: false,
                  properties: { name: { type: 'string' } },
                },
              ],
            },
            { type: 'null' },
          ],
        },
        parents: { type: 'array', items: {} },
      },
    },
  })
})

test('a call goes to the server of the document, each argument where it belongs', async () => {
  const { call, calls } = await service({
    headers: { 'X-Api-Key': '${env.KEY}', 'X-User': '${headers.x-user}' },
  })
  const args = {
    limit: 5,
    kind: ['cat', 'dog'],
    ids: [1, 2],
    where: { age: 3, name: 'a&b' },
    filter: { x: [1] },
    'X-Trace': 't1',
  }
  const context = toolContext({ headers: { 'x-user': 'ada' } })
  expect(await call('pets_list', args, context)).toEqual({
    type: 'result',
    output: '{"done":true}',
    is_error: false,
    structured: { done: true },
  })
  const [{ url = '', ...request } = {}] = calls()
  const { pathname, searchParams } = new URL(url, 'http://x')
  expect(pathname).toBe('/v2/pets')
  expect([...searchParams]).toEqual([
    ['limit', '5'],
    ['kind[]', 'cat'],
    ['kind[]', 'dog'],
    ['ids', '1,2'],
    ['where[age]', '3'],
    ['where[name]', 'a&b'],
    ['filter', '{"x":[1]}'],
  ])
  expect(request).toMatchObject({
    method: 'GET',
    headers: { 'x-trace': 't1', 'x-api-key': 'secret', 'x-user': 'ada' },
  })
})

test('bodies are JSON or a form, and an operation may have a server of its own', async () => {
  const { call, calls } = await service()
  await call('createPet', { body: { name: 'Rex', nick: null } }, toolContext({ callId: 'call_x' }))
  await call('namePet', { id: 7, body: { name: 'Rex & Co', tags: ['a', 'b'] } })
  await call('delete_pets_id', { id: '../x' })
  expect(calls()).toMatchObject([
    {
      method: 'POST',
      url: '/v2/pets',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'call_x' },
      body: '{"name":"Rex","nick":null}',
    },
    {
      method: 'PUT',
      url: '/names/pets/7/name',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'name=Rex+%26+Co&tags=a&tags=b',
    },
    { method: 'DELETE', url: '/v2/pets/..%2Fx', body: '' },
  ])
})

test('base_url takes the place of the servers', async () => {
  const served = await service()
  const { call, calls } = await service({ base_url: `${served.base}/own` })
  await call('delete_pets_id', { id: '1' })
  expect(calls()).toEqual([])
  expect(served.calls().map(({ url }) => url)).toEqual(['/own/pets/1'])
})

test.each([
  [{ operations: ['pets.list', 'createPet'] }, ['pets_list', 'createPet']],
  [{ tags: ['write'] }, ['createPet']],
  [{ paths: ['/pets/*'] }, ['delete_pets_id', 'namePet']],
  [{ methods: ['get', 'delete'], paths: ['/pets*'] }, ['pets_list', 'delete_pets_id']],
])('a filter chooses operations: %j', async (filter, expected) => {
  const { names } = await service({ filter })
  expect(await names()).toEqual(expected)
})

test('a document is read once; after a failure it is read again, but not at once', async () => {
  let isUp = false
  const { names, reads, later } = await service({}, ({ url }) =>
    url === '/docs/openapi.yaml' && !isUp ? { status: 503 } : {},
  )
  await expect(names()).rejects.toThrow('/docs/openapi.yaml: it could not be read: HTTP 503')
  isUp = true
  await expect(names()).rejects.toThrow('HTTP 503')
  expect(reads()).toHaveLength(1)
  later(30_000)
  expect(await names()).toHaveLength(4)
  later(3_000_000)
  expect(await names()).toHaveLength(4)
  expect(reads()).toHaveLength(2)
})

test("the document is read with the file's own headers, never with a caller's", async () => {
  const { toolset, reads } = await service({
    headers: { 'X-Api-Key': '${env.KEY}', 'X-User': '${headers.x-user}' },
  })
  await toolset.tools(toolContext({ headers: { 'x-user': 'ada' } }))
  expect(reads()[0]?.headers).toMatchObject({ 'x-api-key': 'secret' })
  expect(reads()[0]?.headers['x-user']).toBeUndefined()
})

test.each<[string, string, string]>([
  ['no document', '<html></html>', 'it is no OpenAPI document'],
  ['Swagger', '{"swagger":"2.0"}', 'it is Swagger 2.0; convert it to OpenAPI 3'],
  ['broken', '{"openapi": "3.1.0", "paths": ', 'it is neither JSON nor YAML'],
  ['later', 'openapi: 4.0.0', 'it is no OpenAPI 3.0 or 3.1 document'],
  ['empty', 'openapi: 3.1.0', 'it has no operation that the filter lets pass'],
  ['long YAML', `openapi: 3.1.0\n${'#'.repeat(1024 * 1024)}`, 'it is YAML of more than 1 MiB'],
  ['too large', ' '.repeat(5 * 1024 * 1024 + 1), 'larger than 5 MiB'],
  ['aliases', yamlBomb(), 'it is neither JSON nor YAML'],
  [
    'crowded',
    JSON.stringify({ openapi: '3.1.0', paths: manyPaths(300) }),
    'it has 300 operations, and at most 256 become tools; choose with filter:',
  ],
  [
    'endless references',
    '{"openapi":"3.1.0","paths":{"/a":{"get":{"parameters":[{"$ref":"#/x"}]}}},"x":{"$ref":"#/x"}}',
    'a reference leads to references without end',
  ],
])('a document that is %s is refused with the reason', async (_what, text, reason) => {
  const { names } = await service({}, () => ({ body: text }))
  await expect(names()).rejects.toThrow(reason)
})

test('a file is read from beside the agent file, and its servers have to be whole', async () => {
  const { baseDirectory, names } = await service({ file: './pets.yaml' })
  await writeFile(join(baseDirectory, 'pets.yaml'), petsDocument.replace('PORT', '1'))
  await expect(names()).resolves.toEqual(['namePet'])
  const whole = await service({ file: './pets.yaml', base_url: 'http://service.example:1/' })
  await writeFile(join(whole.baseDirectory, 'pets.yaml'), petsDocument.replace('PORT', '1'))
  expect(await whole.names()).toEqual(['pets_list', 'createPet', 'delete_pets_id', 'namePet'])
})

test('a schema that is endlessly wide or deep stays bounded', async () => {
  const document = {
    openapi: '3.1.0',
    paths: {
      '/a': {
        post: { requestBody: { content: { 'application/json': { schema: { $ref: '#/d' } } } } },
      },
    },
    d: { type: 'object', properties: { again: { $ref: '#/d' }, wide: { $ref: '#/w' } } },
    w: { anyOf: Array.from({ length: 3000 }, () => ({ type: 'string' })) },
  }
  const { toolset } = await service({}, () => ({ body: document }))
  const [tool] = await toolset.tools(toolContext())
  expect(JSON.stringify(tool?.definition.parameters).length).toBeLessThan(60_000)
})

function yamlBomb(): string {
  const lines = ['openapi: 3.1.0', 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let index = 1; index < 9; index += 1) {
    const alias = `*a${index - 1}`
    lines.push(`a${index}: &a${index} [${Array.from({ length: 10 }, () => alias).join(', ')}]`)
  }
  return lines.join('\n')
}

function manyPaths(count: number) {
  const entries = Array.from({ length: count }, (_, index) => [`/p${index}`, { get: {} }])
  return Object.fromEntries(entries)
}
