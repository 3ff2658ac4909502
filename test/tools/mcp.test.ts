import { expect, test } from 'vitest'
import type { ElicitationRequest } from '#runtime/tool.ts'
import {
  everything,
  everythingOverHttp,
  everythingOverSse,
  mcpToolset,
  node,
} from './mcp-support.ts'
import { callTool, toolContext } from './tool-context.ts'

const stdio = { command: node, args: [everything, 'stdio'] }

test('the tools of a server over stdio come with their schemas, annotations and effects', async () => {
  const toolset = mcpToolset({ ...stdio, name: 'all' })
  const definitions = (await toolset.tools(toolContext())).map(({ definition }) => definition)
  expect(definitions.find(({ name }) => name === 'all_get-sum')).toEqual({
    name: 'all_get-sum',
    description: 'Returns the sum of two numbers',
    parameters: expect.objectContaining({ type: 'object', required: ['a', 'b'] }),
    annotations: {
      title: 'Get Sum Tool',
      read_only: true,
      destructive: false,
      idempotent: true,
      open_world: false,
    },
    effect: 'read',
  })
  const asks = definitions.find(({ name }) => name === 'all_trigger-elicitation-request')
  expect(asks?.effect).toBe('once')
  expect(definitions.map(({ name }) => name)).not.toContain('all_trigger-sampling-request')
  expect(toolset.instruction).toContain('Everything Server')
})

test('a call answers with text, and wrong arguments with what is wrong', async () => {
  const toolset = mcpToolset(stdio)
  expect(await callTool(toolset, 'get-sum', { a: 2, b: 3 })).toEqual({
    type: 'result',
    output: 'The sum of 2 and 3 is 5.',
    is_error: false,
  })
  const tools = await toolset.tools(toolContext())
  const sum = tools.find(({ definition }) => definition.name === 'get-sum')
  expect(await sum?.execute({ a: 'x' }, toolContext())).toMatchObject({ is_error: true })
})

test('images, structured content and embedded resources arrive', async () => {
  const toolset = mcpToolset(stdio)
  const image = await callTool(toolset, 'get-tiny-image', {})
  expect(image).toMatchObject({
    output: "Here's the image you requested:\n[image, image/png]\nThe image above is the MCP logo.",
    images: [{ mime_type: 'image/png', data: expect.stringMatching(/^iVBOR/) }],
  })
  const weather = await callTool(toolset, 'get-structured-content', { location: 'New York' })
  expect(weather).toMatchObject({ structured: { temperature: 33, conditions: 'Cloudy' } })
  const resource = await callTool(toolset, 'get-resource-reference', {
    resourceType: 'Text',
    resourceId: 1,
  })
  expect(resource).toMatchObject({ output: expect.stringContaining('[resource demo://') })
})

test('progress is shown while a call runs', async () => {
  const toolset = mcpToolset(stdio)
  const shown: string[] = []
  const context = toolContext({ progress: (content) => shown.push(content) })
  await callTool(toolset, 'trigger-long-running-operation', { duration: 0.1, steps: 3 }, context)
  expect(shown).toEqual(['1/3\n', '2/3\n', '3/3\n'])
})

test('a call without answer or progress is given up after its time', async () => {
  const toolset = mcpToolset({ ...stdio, timeout: 0.2 })
  const result = await callTool(toolset, 'trigger-long-running-operation', {
    duration: 60,
    steps: 1,
  })
  expect(result).toMatchObject({
    output: expect.stringContaining('neither an answer nor progress for 0.2 s'),
    is_error: true,
  })
})

test('a cancelled call ends at once', async () => {
  const toolset = mcpToolset(stdio)
  const [controller, shown] = [new AbortController(), [] as string[]]
  const context = toolContext({
    signal: controller.signal,
    progress: (content) => {
      shown.push(content)
      controller.abort()
    },
  })
  await callTool(toolset, 'trigger-long-running-operation', { duration: 90, steps: 1000 }, context)
  expect(shown).toHaveLength(1)
  expect(await callTool(toolset, 'echo', { message: 'still there' })).toMatchObject({
    output: 'Echo: still there',
  })
})

test.each(['stdio', 'http'])('a question of the server is put to the user over %s', async (way) => {
  const config = way === 'stdio' ? stdio : { remote: { url: (await everythingOverHttp()).url } }
  const asked: ElicitationRequest[] = []
  const context = toolContext({
    elicit: async (request) => {
      asked.push(request)
      return { action: 'accept', content: { name: 'Ada' } }
    },
  })
  const result = await callTool(mcpToolset(config), 'trigger-elicitation-request', {}, context)
  expect(asked).toMatchObject([{ mode: 'form', schema: { type: 'object', required: ['name'] } }])
  expect(result).toMatchObject({ output: expect.stringContaining('- Name: Ada'), is_error: false })
})

test('a server over streamable HTTP works alike, and is reached again after it forgot the session', async () => {
  const server = await everythingOverHttp()
  const toolset = mcpToolset({ remote: { url: server.url } })
  const shown: string[] = []
  const context = toolContext({ progress: (content) => shown.push(content) })
  await callTool(toolset, 'trigger-long-running-operation', { duration: 0.1, steps: 2 }, context)
  expect(shown).toEqual(['1/2\n', '2/2\n'])
  server.forget()
  expect(await callTool(toolset, 'echo', { message: 'a' })).toMatchObject({ is_error: true })
  expect(await callTool(toolset, 'echo', { message: 'b' })).toMatchObject({ output: 'Echo: b' })
})

test('a server over the older SSE transport works alike', async () => {
  const { url } = await everythingOverSse()
  const toolset = mcpToolset({ remote: { url, transport: 'sse' } })
  const shown: string[] = []
  const context = toolContext({ progress: (content) => shown.push(content) })
  const args = { duration: 0.1, steps: 2 }
  const result = await callTool(toolset, 'trigger-long-running-operation', args, context)
  expect(result).toMatchObject({ is_error: false })
  expect(shown).toEqual(['1/2\n', '2/2\n'])
})

test('headers carry secrets of the environment, and of the caller only what the file asks for', async () => {
  const server = await everythingOverHttp()
  const headers = { authorization: 'Bearer ${env.KEY}', 'x-user': '${headers.X-User}' }
  const toolset = mcpToolset(
    { remote: { url: server.url, headers } },
    { environment: { KEY: 'k' } },
  )
  const sent = { 'x-user': 'ada', cookie: 'private' }
  await callTool(toolset, 'echo', { message: 'a' }, toolContext({ headers: sent }))
  const first = server.requests.map(({ headers }) => headers)
  expect(first.every(({ authorization }) => authorization === 'Bearer k')).toBe(true)
  expect(first.every((headers) => headers['x-user'] === 'ada' && !headers.cookie)).toBe(true)
  await callTool(toolset, 'echo', { message: 'b' }, toolContext({ headers: { 'x-user': 'bob' } }))
  const own = server.requests.slice(first.length).map(({ headers }) => headers['x-user'])
  expect(own).toContain('bob')
})

test('a server that is not on the public internet is refused without --allow-host', async () => {
  const server = await everythingOverHttp()
  const toolset = mcpToolset({ remote: { url: server.url } }, { allowHosts: [] })
  await expect(toolset.tools(toolContext())).rejects.toThrow(/--allow-host/)
  expect(server.requests).toEqual([])
})

test('a command in an agent that is not from a file is refused', () => {
  expect(() => mcpToolset(stdio, { allowStdio: false })).toThrow(/only agents from files/)
})

test('a server gets no other environment than the file gives it', async () => {
  const environment = { SECRET: 's3cret', OTHER: 'o' }
  const toolset = mcpToolset({ ...stdio, env: { TOKEN: '${env.SECRET}' } }, { environment })
  const result = await callTool(toolset, 'get-env', {})
  const seen = JSON.parse(result.type === 'result' ? result.output : '')
  expect(Object.keys(seen).sort()).toEqual(expect.arrayContaining(['PATH', 'TOKEN']))
  expect(seen).toMatchObject({ TOKEN: 's3cret' })
  expect(seen).not.toHaveProperty('OTHER')
})

test('the server is told of the working directory of the session', async () => {
  const toolset = mcpToolset(stdio)
  const context = toolContext({ workingDir: import.meta.dirname })
  const result = await callTool(toolset, 'get-roots-list', {}, context)
  expect(result).toMatchObject({ output: expect.stringContaining(import.meta.dirname) })
})
