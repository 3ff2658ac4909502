import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type AgentCard,
  type Message,
  Role,
  TaskState as states,
  type TaskState,
} from '@a2a-js/sdk'
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  type RequestContext,
  ServerCallContext,
} from '@a2a-js/sdk/server'
import { expect, onTestFinished, test } from 'vitest'
import { createA2aToolset } from '#tools/a2a.ts'
import { createGuardedTransport } from '#tools/guarded-transport.ts'
import { toLoopback } from './loopback-server.ts'
import { callTool, toolContext } from './tool-context.ts'

test('a remote agent is a tool that is called by its card, and answers with text', async () => {
  const agent = await startAgent(async ({ userMessage, contextId }, bus) => {
    bus.publish(AgentEvent.message(message(`You said: ${textOf(userMessage)}`, contextId)))
  })
  const toolset = a2aToolset({ url: agent.url })
  const [tool] = await toolset.tools(toolContext())
  expect(tool?.definition).toMatchObject({
    name: 'weather_bureau',
    description: 'Knows the weather\nIt can:\n- Forecast: Tells what comes',
    effect: 'once',
    annotations: { title: 'Weather bureau', read_only: false, open_world: true },
  })
  expect(await callTool(toolset, 'weather_bureau', { message: 'hello' })).toEqual({
    type: 'result',
    output: 'You said: hello',
    is_error: false,
  })
})

test('what a task streams is shown as progress, and its artifacts are the result', async () => {
  const agent = await startAgent(async (request, bus) => {
    startTask(request, bus)
    update(request, bus, states.TASK_STATE_WORKING, 'Looking out')
    addArtifact(request, bus, { text: 'Sunny', append: false })
    addArtifact(request, bus, { text: ' and warm', append: true })
    update(request, bus, states.TASK_STATE_COMPLETED)
  })
  const shown: string[] = []
  const context = toolContext({ progress: (content) => shown.push(content) })
  const toolset = a2aToolset({ url: agent.url })
  const result = await callTool(toolset, 'weather_bureau', { message: 'hello' }, context)
  expect(result).toMatchObject({ output: 'Sunny and warm', is_error: false })
  expect(shown.join('')).toBe('Looking out\nSunny and warm')
})

test('an agent that asks back is answered by another call with its task', async () => {
  const agent = await startAgent(async (request, bus) => {
    startTask(request, bus)
    if (request.task) return update(request, bus, states.TASK_STATE_COMPLETED, 'Rain in Rome')
    update(request, bus, states.TASK_STATE_INPUT_REQUIRED, 'Which town?')
  })
  const toolset = a2aToolset({ url: agent.url })
  const asked = await callTool(toolset, 'weather_bureau', { message: 'hello' })
  const output = asked.type === 'result' ? asked.output : ''
  const [, question, contextId, taskId] =
    /^The agent asks: (.*)\nAnswer it with context_id (\S+), task_id (\S+)\.$/.exec(output) ?? []
  expect(question).toBe('Which town?')
  const args = { message: 'Rome', context_id: contextId, task_id: taskId }
  expect(await callTool(toolset, 'weather_bureau', args)).toMatchObject({ output: 'Rain in Rome' })
})

test('a task that fails is an error result with what the agent said', async () => {
  const agent = await startAgent(async (request, bus) => {
    startTask(request, bus)
    update(request, bus, states.TASK_STATE_FAILED, 'No window')
  })
  const result = await callTool(a2aToolset({ url: agent.url }), 'weather_bureau', { message: 'x' })
  expect(result).toMatchObject({
    output: 'The agent failed at the task.\nNo window',
    is_error: true,
  })
})

test('a cancelled call cancels the task of the agent', async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<string>()
  const agent = await startAgent(
    async (request, bus) => {
      startTask(request, bus)
      update(request, bus, states.TASK_STATE_WORKING, 'On it')
      await cancelled
    },
    async (taskId, bus, request) => {
      update(request, bus, states.TASK_STATE_CANCELED)
      resolve(taskId)
    },
  )
  const controller = new AbortController()
  const context = toolContext({ signal: controller.signal, progress: () => controller.abort() })
  const toolset = a2aToolset({ url: agent.url })
  const result = await callTool(toolset, 'weather_bureau', { message: 'x' }, context)
  expect(result).toMatchObject({ is_error: true })
  expect(await cancelled).toBe(agent.taskIds[0])
})

test('an agent that gives no sign of life is given up', async () => {
  const agent = await startAgent(async (request, bus) => {
    startTask(request, bus)
    await new Promise(() => {})
  })
  const toolset = a2aToolset({ url: agent.url, timeout: 0.3 })
  expect(await callTool(toolset, 'weather_bureau', { message: 'x' })).toMatchObject({
    output: expect.stringContaining('there was no sign of life for 0.3 s'),
    is_error: true,
  })
})

test('an agent that dies in the middle is an error, not an answer', async () => {
  const agent = await startAgent(async (request, bus) => {
    startTask(request, bus)
    addArtifact(request, bus, { text: 'Half', append: false })
    await agent.kill()
  })
  const result = await callTool(a2aToolset({ url: agent.url }), 'weather_bureau', { message: 'x' })
  expect(result).toMatchObject({
    output: expect.stringMatching(/^The agent did not finish: .*not known; verify/),
    is_error: true,
  })
})

test('headers go to the agent and to no other address that its card names', async () => {
  const elsewhere = await startAgent(async ({ contextId }, bus) => {
    bus.publish(AgentEvent.message(message('from elsewhere', contextId)))
  })
  const agent = await startAgent(
    async () => {},
    undefined,
    () => elsewhere.url,
  )
  const headers = { authorization: 'Bearer ${env.KEY}', 'x-user': '${headers.X-User}' }
  const toolset = a2aToolset({ url: agent.url, headers }, { environment: { KEY: 'k' } })
  const context = toolContext({ headers: { 'x-user': 'ada' } })
  const result = await callTool(toolset, 'weather_bureau', { message: 'x' }, context)
  expect(result).toMatchObject({ output: 'from elsewhere' })
  expect(agent.headers.map(({ authorization }) => authorization)).toEqual(['Bearer k'])
  expect(elsewhere.headers.map((sent) => [sent.authorization, sent['x-user']])).toEqual([
    [undefined, undefined],
  ])
})

test('an agent that is not on the public internet is refused without --allow-host', async () => {
  const agent = await startAgent(async () => {})
  const toolset = a2aToolset({ url: agent.url }, { allowHosts: [] })
  await expect(toolset.tools(toolContext())).rejects.toThrow(/cannot be read: .*--allow-host/)
  expect(agent.headers).toEqual([])
})

test('an agent that speaks only version 0.3 is understood', async () => {
  const server = await startServer((request, response, body) => {
    if (request.method === 'GET')
      return sendJson(response, oldCard(`http://${request.headers.host}/`))
    const { id, method, params } = JSON.parse(body)
    const text = `${method}: ${params.message.parts[0].text}`
    const parts = [{ kind: 'text', text }]
    sendJson(response, {
      jsonrpc: '2.0',
      id,
      result: { kind: 'message', messageId: 'm', role: 'agent', parts },
    })
  })
  const toolset = a2aToolset({ url: server.url, name: 'old' })
  expect(await callTool(toolset, 'old', { message: 'hi' })).toMatchObject({
    output: 'message/send: hi',
    is_error: false,
  })
})

function a2aToolset(
  config: Record<string, unknown>,
  {
    environment = {},
    allowHosts = ['127.0.0.1'],
  }: { environment?: Record<string, string>; allowHosts?: string[] } = {},
) {
  const transport = createGuardedTransport({ resolve: toLoopback, allowHosts })
  const factory = createA2aToolset({ transport, environment, now: () => performance.now() })
  return factory({ type: 'a2a', ...config })
}

/** The protocol's own server library over HTTP on loopback, with the agent that a test needs. */
async function startAgent(
  execute: AgentExecutor['execute'],
  cancel?: (taskId: string, bus: ExecutionEventBus, request: RequestContext) => Promise<void>,
  answersAt: (url: string) => string = (url) => url,
) {
  const requests: RequestContext[] = []
  const executor: AgentExecutor = {
    async execute(request, bus) {
      requests.push(request)
      await execute(request, bus)
    },
    async cancelTask(taskId, bus) {
      const request = requests.find((one) => one.taskId === taskId)
      if (request) await cancel?.(taskId, bus, request)
    },
  }
  let rpc: JsonRpcTransportHandler | undefined
  const server = await startServer(async (request, response, body) => {
    const card = cardOf(answersAt(server.url))
    if (request.method === 'GET') return sendJson(response, card)
    rpc ??= new JsonRpcTransportHandler(
      new DefaultRequestHandler(card, new InMemoryTaskStore(), executor),
    )
    const answer = await rpc.handle(body, new ServerCallContext({ requestedVersion: '1.0' }))
    if (!(Symbol.asyncIterator in answer)) return sendJson(response, answer)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for await (const event of answer) response.write(`data: ${JSON.stringify(event)}\n\n`)
    response.end()
  })
  return {
    ...server,
    get taskIds() {
      return requests.map(({ taskId }) => taskId)
    },
  }
}

async function startServer(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => unknown,
) {
  const headers: IncomingMessage['headers'][] = []
  const server = createServer(async (request, response) => {
    headers.push(request.headers)
    let body = ''
    for await (const piece of request) body += piece
    await answer(request, response, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const kill = async () => {
    server.closeAllConnections()
    server.close()
  }
  onTestFinished(kill)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, headers, kill }
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function cardOf(url: string): AgentCard {
  return {
    name: 'Weather bureau',
    description: 'Knows the weather',
    version: '1.0.0',
    supportedInterfaces: [{ url, protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' }],
    provider: undefined,
    capabilities: { streaming: true, extensions: [] },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [
      {
        id: 'forecast',
        name: 'Forecast',
        description: 'Tells what comes',
        tags: [],
        examples: [],
        inputModes: [],
        outputModes: [],
        securityRequirements: [],
      },
    ],
    signatures: [],
  }
}

function oldCard(url: string) {
  return {
    protocolVersion: '0.3.0',
    name: 'Old',
    description: 'Old agent',
    url,
    version: '1',
    capabilities: { streaming: false },
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [],
  }
}

function message(text: string, contextId: string): Message {
  return {
    messageId: crypto.randomUUID(),
    contextId,
    taskId: '',
    role: Role.ROLE_AGENT,
    parts: [part(text)],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  }
}

function part(text: string) {
  return {
    content: { $case: 'text' as const, value: text },
    metadata: undefined,
    filename: '',
    mediaType: '',
  }
}

function textOf({ parts }: Message): string {
  return parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('')
}

function startTask({ taskId, contextId, task }: RequestContext, bus: ExecutionEventBus): void {
  const status = { state: states.TASK_STATE_SUBMITTED, message: undefined, timestamp: undefined }
  const fresh = { id: taskId, contextId, artifacts: [], history: [], metadata: undefined }
  bus.publish(AgentEvent.task({ ...(task ?? fresh), status }))
}

function update(
  { taskId, contextId }: RequestContext,
  bus: ExecutionEventBus,
  state: TaskState,
  text?: string,
): void {
  const said = text === undefined ? undefined : message(text, contextId)
  const status = { state, message: said, timestamp: undefined }
  bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status, metadata: undefined }))
}

function addArtifact(
  { taskId, contextId }: RequestContext,
  bus: ExecutionEventBus,
  { text, append }: { text: string; append: boolean },
): void {
  const artifact = {
    artifactId: 'report',
    name: '',
    description: '',
    parts: [part(text)],
    metadata: undefined,
    extensions: [],
  }
  const lastChunk = append
  bus.publish(
    AgentEvent.artifactUpdate({
      taskId,
      contextId,
      artifact,
      append,
      lastChunk,
      metadata: undefined,
    }),
  )
}
