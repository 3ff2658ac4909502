import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FaultKind, ScriptedAnswer } from '../support/model-script.ts'
import type { RecordedRequest, Script } from '../support/model-server.ts'
import { createRandom, type Random } from '../support/random.ts'
import { anyHostile, numbers, strings, toText } from './hostile.ts'

/**
 * A model that answers by the last message of the user: `reply N` badly, by N; `please write`,
 * `please ask` and `please look` with a call that waits for somebody; anything else with its own text. Asked again
 * about the same, it answers well, so that a run comes to its end.
 */
export function createModelScript(): Script {
  const seen = new Map<string, number>()
  return (request) => {
    const question = lastQuestion(request)
    if (question.includes('please write') && !isAnswered(request))
      return call('write_file', written)
    if (question.includes('please ask') && !isAnswered(request)) return call('user_prompt', asked)
    if (question.includes('please look') && !isAnswered(request)) return call('look', {})
    const number = /reply (\d+)/.exec(question)?.[1]
    if (number === undefined) return { text: 'pong' }
    const times = (seen.get(number) ?? 0) + 1
    seen.set(number, times)
    return times > 1 ? { text: 'pong' } : badReply(createRandom(Number(number)))
  }
}

const written = { path: 'a.txt', content: 'a' }
const asked = { message: 'Which?' }

function call(name: string, args: Record<string, unknown>): ScriptedAnswer {
  return { toolCalls: [{ name, arguments: args }] }
}

function lastQuestion({ body }: RecordedRequest): string {
  const question = body.messages.findLast(({ role }) => role === 'user')?.content
  return typeof question === 'string' ? question : JSON.stringify(question ?? '')
}

function isAnswered({ body }: RecordedRequest): boolean {
  return body.messages.at(-1)?.role === 'tool'
}

const tools = ['read_file', 'think', 'create_todo', 'list_directory', 'remote_do', 'write_file']
const faults: FaultKind[] = [
  ...(['cut', 'reset', 'no_finish', 'half_frame', 'invalid_json', 'error_frame', 'html'] as const),
  ...(['half_arguments', 'one_byte', 'split_utf8', 'duplicate_ids'] as const),
]

function badReply(random: Random): ScriptedAnswer {
  const text = () => Array.from({ length: 1 + random.below(3) }, () => random.pick(strings))
  const answer: ScriptedAnswer = random.below(2) === 0 ? { text: text() } : {}
  if (random.below(3) === 0) answer.reasoning = text()
  if (random.below(2) === 0) {
    answer.toolCalls = Array.from({ length: 1 + random.below(4) }, () => badCall(random))
  }
  if (random.below(4) === 0) {
    const names = ['prompt_tokens', 'completion_tokens', 'total_tokens', 'prompt_tokens_details']
    const usage = names.map((name) => [name, random.pick([...numbers, ...strings, null, {}])])
    answer.usage = random.pick([null, Object.fromEntries(usage)])
  }
  if (random.below(6) === 0)
    answer.finishReason = random.pick([...strings.slice(0, 20), 'length', null])
  if (random.below(4) === 0) {
    const position = random.pick(['start', 'middle', 'end'] as const)
    answer.fault = { kind: random.pick(faults), position }
  }
  return answer
}

function badCall(random: Random) {
  const name = random.below(4) === 0 ? random.pick(strings) : random.pick(tools)
  const field = () => [
    random.pick(['path', 'content', 'thought', 'description', 'x']),
    anyHostile(random),
  ]
  const value = random.below(3) === 0 ? anyHostile(random) : Object.fromEntries([field(), field()])
  return {
    name,
    arguments: toText(value),
    whole: random.below(2) === 0,
    ...(random.below(4) === 0 && { id: random.pick(strings) }),
  }
}

/** An MCP server over HTTP whose tools answer with anything. */
export async function startMcpServer(): Promise<{ url: string; close(): Promise<void> }> {
  let count = 0
  const server = createServer(async (incoming, response) => {
    if (incoming.method !== 'POST') return void response.writeHead(405).end()
    let text = ''
    for await (const chunk of incoming) text += chunk
    const { id, method } = JSON.parse(text)
    if (id === undefined) return void response.writeHead(202).end()
    count += 1
    const result = answerMcp(method, createRandom(count))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},${result}}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/mcp`, close: () => closeServer(server) }
}

function answerMcp(method: string, random: Random): string {
  if (method === 'initialize') return `"result":${JSON.stringify(greeting)}`
  if (method === 'tools/list') return `"result":${toText({ tools: [doTool, ...oddTools(random)] })}`
  const content = random.pick([
    [{ type: 'text', text: random.pick(strings) }],
    [{ type: 'image', data: random.pick(strings), mimeType: random.pick(strings) }],
    [{ type: 'resource', resource: { uri: random.pick(strings), text: random.pick(strings) } }],
    [{ type: random.pick(strings), text: 1 }],
    anyHostile(random),
  ])
  const structuredContent = anyHostile(random)
  if (random.below(6) === 0) return `"error":${toText({ code: anyHostile(random), message: 'no' })}`
  return `"result":${toText({ content, structuredContent, isError: random.pick([true, false, 'no']) })}`
}

const greeting = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {} },
  serverInfo: { name: 'hostile', version: '1' },
}
const doTool = { name: 'do', description: 'Does', inputSchema: { type: 'object' } }

function oddTools(random: Random) {
  return Array.from({ length: 3 }, () => ({
    name: random.pick(strings),
    description: random.pick(strings),
    inputSchema: { type: 'object', properties: { [random.pick(strings)]: anyHostile(random) } },
  }))
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
