import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { onTestFinished } from 'vitest'
import type { Toolset } from '#runtime/tool.ts'
import { createGuardedTransport } from '#tools/guarded-transport.ts'
import { createMcpToolset } from '#tools/mcp.ts'
import { createLogger } from '../../src/log.ts'
import { toLoopback } from './loopback-server.ts'

/** The public reference server of the protocol. */
export const everything = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-everything/dist/index.js',
)

/** This process's own runtime, so that what is on PATH doesn't matter. */
export const node = process.execPath

/** A toolset as the server makes it from an entry of a file; closed when the test is finished. */
export function mcpToolset(
  config: Record<string, unknown>,
  {
    environment = {},
    allowHosts = ['127.0.0.1'],
    allowStdio = true,
    now = () => performance.now(),
    connectTimeout = 20_000,
  }: {
    environment?: Record<string, string>
    allowHosts?: string[]
    allowStdio?: boolean
    now?: () => number
    connectTimeout?: number
  } = {},
): Toolset & { logged: string[] } {
  const logged: string[] = []
  const factory = createMcpToolset({
    transport: createGuardedTransport({ resolve: toLoopback, allowHosts }),
    environment: { PATH: process.env.PATH ?? '', ...environment },
    version: '0.0.0',
    log: createLogger({
      level: 'debug',
      write: (line) => logged.push(line),
      now: () => new Date(),
    }),
    now,
    connectTimeout,
  })
  const toolset = factory(
    { type: 'mcp', ...config },
    { baseDirectory: import.meta.dirname, allowStdio },
  )
  onTestFinished(() => toolset.close?.())
  return Object.defineProperty(toolset, 'logged', { value: logged }) as Toolset & {
    logged: string[]
  }
}

/** A toolset over a server that is a few lines of JavaScript; `reply` and `requests` are there. */
export function scriptedToolset(
  script: string,
  config: Record<string, unknown> = {},
  options = {},
) {
  return mcpToolset({ command: node, args: ['-e', `${prelude}\n${script}`], ...config }, options)
}

/** Speaks the protocol by hand, since the point is to break it. */
const prelude = `
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n')
const tool = (name, more = {}) => ({ name, description: name, inputSchema: { type: 'object' }, ...more })
const text = (value) => ({ content: [{ type: 'text', text: String(value) }] })
const handlers = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: { listChanged: true } }, serverInfo: { name: 's', version: '1' } }),
  ping: () => ({}),
}
const on = (more) => Object.assign(handlers, more)
let rest = ''
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\\n')
  rest = lines.pop()
  for (const line of lines) receive(JSON.parse(line))
})
process.stdin.on('end', () => process.exit(0))
async function receive(message) {
  if (!message.method || message.id === undefined) return handlers[message.method]?.(message.params, message)
  const result = await handlers[message.method]?.(message.params, message)
  if (result !== undefined) send({ id: message.id, result })
}
`

/** The reference server over streamable HTTP on loopback, and the headers it was asked with. */
export async function everythingOverHttp() {
  const requests: { method: string; headers: Record<string, unknown> }[] = []
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', headers: request.headers })
    void answer(String(request.headers['mcp-session-id'] ?? ''))
    async function answer(sessionId: string) {
      const known = transports.get(sessionId)
      if (known) return known.handleRequest(request, response)
      if (sessionId !== '') return void response.writeHead(404).end()
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (id) => void transports.set(id, transport),
      })
      await (await createEverything()).connect(transport as never)
      await transport.handleRequest(request, response)
    }
  })
  return {
    url: `${await listenOnLoopback(server)}/mcp`,
    requests,
    /** As after a restart: it knows no session any more. */
    forget: () => {
      transports.clear()
      server.closeAllConnections()
    },
    cut: () => server.closeAllConnections(),
  }
}

/** The same over the older transport. */
export async function everythingOverSse(): Promise<{ url: string }> {
  const transports = new Map<string, SSEServerTransport>()
  const server = createServer((request, response) => {
    void answer(new URL(request.url ?? '', 'http://localhost').searchParams.get('sessionId'))
    async function answer(sessionId: string | null) {
      const known = sessionId === null ? undefined : transports.get(sessionId)
      if (known) return known.handlePostMessage(request, response)
      const transport = new SSEServerTransport('/message', response)
      transports.set(transport.sessionId, transport)
      await (await createEverything()).connect(transport)
    }
  })
  return { url: `${await listenOnLoopback(server)}/sse` }
}

async function listenOnLoopback(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The package has no types; this is what its factory gives. */
async function createEverything(): Promise<McpServer['server'] | McpServer> {
  const path = everything.replace(/index\.js$/, 'server/index.js')
  const { createServer } = await import(path)
  const { server, cleanup } = createServer()
  onTestFinished(() => cleanup())
  return server
}
