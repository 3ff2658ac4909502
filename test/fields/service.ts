import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { afterAll } from 'vitest'
import { searchServices } from '../tools/search-services.ts'

/**
 * What remote toolsets talk to, on loopback. `/echo…` answers with the request; `/slow…` with the
 * same after a second and a half, so that a shorter limit shows; `/openapi.json` tells of them.
 * `/agent`, `/mcp` and `/sse` speak A2A and MCP, and `/search` is a search service.
 */
export async function startService(): Promise<{ url: string; host: string }> {
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: `http://${host}`, host }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request
  const path = new URL(url, 'http://service').pathname
  if (path === '/mcp') return serveMcp(request, response)
  if (path === '/sse' || path === '/message') return serveSse(request, response)
  const body = await bodyOf(request)
  const found = searchServices[path.split('/')[1] ?? '']
  if (found) {
    const { status = 200, body: result } = found({
      method,
      url: url.replace(/^\/[a-z]+/, ''),
      headers,
      body,
    })
    return sendJson(response, result, status)
  }
  if (path.startsWith('/slow')) await new Promise((resolve) => setTimeout(resolve, 1500))
  if (path.startsWith('/openapi')) return sendJson(response, openApiDocument)
  if (/^(\/slow)?\/agent/.test(path)) return answerAgent({ request, response, body })
  sendJson(response, { method, url, key: headers['x-key'] ?? null, body })
}

const operation = (operationId: string, more: object = {}) => ({
  operationId,
  responses: { 200: { description: 'ok' } },
  ...more,
})

const openApiDocument = {
  openapi: '3.0.3',
  info: { title: 'Echo', version: '1' },
  paths: {
    '/echo': {
      get: operation('getEcho', { tags: ['echo'] }),
      post: operation('postEcho', { tags: ['write'] }),
    },
    '/slow': { get: operation('getSlow', { tags: ['slow'] }) },
  },
}

/** An agent that says which key it was shown. */
function answerAgent({
  request,
  response,
  body,
}: {
  request: IncomingMessage
  response: ServerResponse
  body: string
}): void {
  const { host, 'x-key': key = 'none' } = request.headers
  const path = (request.url ?? '').replace(/\/\.well-known.*$/, '')
  if (request.method === 'GET') {
    sendJson(response, cardOf(`http://${host}${path}`))
    return
  }
  const text = `key ${key}`
  const message = {
    kind: 'message',
    messageId: 'm',
    role: 'agent',
    parts: [{ kind: 'text', text }],
  }
  sendJson(response, { jsonrpc: '2.0', id: JSON.parse(body).id, result: message })
}

function cardOf(url: string) {
  const modes = { defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'] }
  const card = { protocolVersion: '0.3.0', name: 'Echo', description: 'Echoes', url, version: '1' }
  return { ...card, ...modes, capabilities: { streaming: false }, skills: [] }
}

/** Streamable HTTP, without sessions. */
async function serveMcp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') return void response.writeHead(405).end()
  const transport = new StreamableHTTPServerTransport({})
  await createMcpServer().connect(transport as never)
  await transport.handleRequest(request, response)
}

const sseTransports = new Map<string, SSEServerTransport>()

async function serveSse(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sessionId = new URL(request.url ?? '', 'http://service').searchParams.get('sessionId') ?? ''
  const known = sseTransports.get(sessionId)
  if (known) return known.handlePostMessage(request, response)
  if (request.method !== 'GET') return void response.writeHead(405).end()
  const transport = new SSEServerTransport('/message', response)
  sseTransports.set(transport.sessionId, transport)
  await createMcpServer().connect(transport)
}

/** One tool, which says which key the request for it had. */
function createMcpServer(): McpServer {
  const server = new McpServer({ name: 'service', version: '1' })
  server.registerTool('key', { description: 'Tells the key' }, ({ requestInfo }) => ({
    content: [{ type: 'text', text: `key ${requestInfo?.headers['x-key'] ?? 'none'}` }],
  }))
  return server
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const piece of request) body += piece
  return body
}

function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
