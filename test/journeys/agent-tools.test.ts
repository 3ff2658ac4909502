import { expect, test } from 'vitest'
import { ApiError } from '#client/index.ts'
import { startApp } from '../support/app.ts'

const app = await startApp({
  lifetime: 'file',
  flags: ['--enable-code', '--allow-host', '127.0.0.1'],
})
const { client, model } = app
let made = 0

const schema_json = JSON.stringify({
  type: 'object',
  description: 'Adds two numbers',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
})
const javascript_code = 'export function execute({ a, b }) { return a + b }'

test('a tool that is made over the API is called in the next run', async () => {
  const agent = await make()
  const { data, response } = await client.POST('/api/agents/{agent}/tools', {
    params: { path: { agent } },
    body: { name: 'add', schema_json, javascript_code },
  })
  expect(response.headers.get('location')).toBe(`/api/agents/${agent}/tools/add`)
  expect(data).toMatchObject({ name: 'add', implementation: 'javascript', code: javascript_code })
  expect(await add(agent, 2, 40)).toBe('42')
})

test('a tool is read, changed and removed, and the list says what there is', async () => {
  const agent = await make()
  const params = { path: { agent, tool: 'add' } }
  await client.POST('/api/agents/{agent}/tools', {
    params,
    body: { name: 'add', schema_json, javascript_code },
  })
  const list = await client.GET('/api/agents/{agent}/tools', { params })
  expect(list.data).toEqual([
    { name: 'think', description: expect.any(String), implementation: 'builtin' },
    { name: 'add', description: 'Adds two numbers', implementation: 'javascript' },
  ])
  const code = 'export function execute({ a, b }) { return a * b }'
  await client.PUT('/api/agents/{agent}/tools/{tool}', { params, body: { javascript_code: code } })
  const { data } = await client.GET('/api/agents/{agent}/tools/{tool}', { params })
  expect(data?.code).toBe(code)
  expect(JSON.parse(data?.schema_json ?? '')).toEqual(JSON.parse(schema_json))
  expect(await add(agent, 2, 40)).toBe('80')
  await client.DELETE('/api/agents/{agent}/tools/{tool}', { params })
  const { data: after } = await client.GET('/api/agents/{agent}/tools', { params })
  expect(after?.map(({ name }) => name)).toEqual(['think'])
})

test.each([
  ['code that is none', schema_json, 'export function (', 'javascript_code'],
  ['code without execute', schema_json, 'export const a = 1', 'javascript_code'],
  ['a schema that is none', '{"type": 7}', javascript_code, 'schema_json'],
])('%s is refused and nothing is saved', async (_, schema, code, field) => {
  const agent = await make()
  const params = { path: { agent } }
  const refusal = await refusalOf(
    client.POST('/api/agents/{agent}/tools', {
      params,
      body: { name: 'add', schema_json: schema, javascript_code: code },
    }),
  )
  expect(refusal?.code).toBe('agent_invalid')
  expect(refusal?.errors?.[0]?.path).toMatch(field)
  const { data } = await client.GET('/api/agents/{agent}/versions', { params })
  expect(data?.data).toHaveLength(1)
})

test('a name is taken once among the tools, and those of toolsets stay', async () => {
  const agent = await make()
  const params = { path: { agent, tool: 'think' } }
  const body = { name: 'think', schema_json, javascript_code }
  const taken = client.POST('/api/agents/{agent}/tools', { params, body })
  expect(await refusalOf(taken)).toMatchObject({ code: 'conflict' })
  const removed = client.DELETE('/api/agents/{agent}/tools/{tool}', { params })
  expect(await refusalOf(removed)).toMatchObject({ code: 'agent_invalid' })
})

async function make(): Promise<string> {
  made += 1
  const name = `maker-${made}`
  await client.POST('/api/agents', {
    body: {
      name,
      config: {
        agents: { root: { model: 'scripted', toolsets: [{ type: 'think' }] } },
        models: { scripted: { provider: 'scripted', model: 'scripted' } },
        providers: { scripted: { base_url: model.baseUrl } },
      },
    },
  })
  return name
}

/** What the tool gave the model. */
async function add(agent: string, a: number, b: number) {
  model.push({ toolCalls: [{ name: 'add', arguments: { a, b } }] }, { text: 'Done' })
  await client.POST('/api/chat', { body: { message: 'Add', agent } })
  return model.requests.at(-1)?.body.messages.at(-1)?.content
}

async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof ApiError) return error.problem
  throw error ?? new Error('The server did not refuse')
}
