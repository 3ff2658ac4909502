import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRegistryConnection } from '#agents/registry-connection.ts'
import type { FinishedTurn } from '#contract/finished-turn.ts'
import { checkArguments } from '#runtime/arguments.ts'
import type { Toolset } from '#runtime/tool.ts'
import { createA2aToolset } from '#tools/a2a.ts'
import { createApiToolset } from '#tools/api.ts'
import { createFetchToolset } from '#tools/fetch.ts'
import { networkRules } from '#tools/guarded-connection.ts'
import { createGuardedFetch, type Resolve } from '#tools/guarded-fetch.ts'
import { createGuardedTransport } from '#tools/guarded-transport.ts'
import { createMcpToolset } from '#tools/mcp.ts'
import { createOpenApiToolset } from '#tools/openapi.ts'
import { createWebSearchToolset } from '#tools/web-search.ts'
import { createArchiveEndpoint } from '../../src/archive-endpoint.ts'
import { createLogger } from '../../src/log.ts'
import { callTool, toolContext } from '../tools/tool-context.ts'

/** What the server knows of the network in a test. */
export type Net = { resolve: Resolve; allowHosts: string[] }

/** One of the ways out: visits the address that somebody chose, and answers what came of it. */
export type Door = (url: string, net: Net, directory: string) => Promise<unknown>

/** What each door sends along that nobody else may see. */
export const secret = 'secret-of-the-door'
const headers = { Authorization: `Bearer ${secret}`, 'X-Key': secret, Cookie: `k=${secret}` }
const environment = { KEY: secret }
const now = () => performance.now()
const log = createLogger({ level: 'error', write: () => {}, now: () => new Date() })

/** Everything that the server visits because a model, a caller or an agent file says so. */
export const doors: Record<string, Door> = {
  fetch: async (url, net) => {
    const toolset = createFetchToolset({ guardedFetch: createGuardedFetch(net) })({ type: 'fetch' })
    return await callTool(toolset, 'fetch', { urls: [url] })
  },
  api: async (url, net) => {
    const world = { guardedFetch: createGuardedFetch(net), environment, checkValue: checkArguments }
    const entry = { type: 'api', name: 'ask', endpoint: url, headers }
    return await callTool(createApiToolset(world)(entry), 'ask', {})
  },
  'openapi document': async (url, net, directory) =>
    await listTools(openApi({ url, headers }, net, directory)),
  'openapi operation': async (url, net, directory) => {
    const document = {
      openapi: '3.1.0',
      servers: [{ url }],
      paths: { '/': { get: { operationId: 'ask' } } },
    }
    await writeFile(join(directory, 'openapi.json'), JSON.stringify(document))
    return await callTool(openApi({ file: 'openapi.json', headers }, net, directory), 'ask', {})
  },
  'web search': async (url, net) => {
    const world = { guardedFetch: createGuardedFetch(net), environment }
    const entry = { type: 'web_search', provider: 'searxng', url, token_key: 'KEY' }
    return await callTool(createWebSearchToolset(world)(entry), 'web_search', { query: 'x' })
  },
  'mcp over streamable http': (url, net, directory) => mcp({ url, headers }, net, directory),
  'mcp over sse': (url, net, directory) => mcp({ url, headers, transport: 'sse' }, net, directory),
  'a2a card': async (url, net) => await listTools(a2a(url, createGuardedTransport(net))),
  'a2a address of a card': async (url, net) => {
    const guarded = createGuardedTransport(net)
    const toolset = a2a('http://cards.test/', async (target, init) =>
      String(target).startsWith('http://cards.test/')
        ? Response.json(cardWith(url))
        : await guarded(target, init),
    )
    return await callTool(toolset, 'agent', { message: 'x' })
  },
  archive: async (url, net) => {
    const send = createArchiveEndpoint({
      url,
      keys: [Buffer.from(secret)],
      rules: networkRules(net),
      version: '0.0.0',
      now: Date.now,
    })
    // Only its id is read before it is sent.
    return await send({ id: 'dlv_1' } as FinishedTurn, new AbortController().signal)
  },
  registry: async (url, net) => await registry(net).send(url),
}

function openApi(entry: Record<string, unknown>, net: Net, baseDirectory: string): Toolset {
  const create = createOpenApiToolset({
    guardedFetch: createGuardedFetch(net),
    environment,
    now,
    log,
  })
  return create({ type: 'openapi', ...entry }, { baseDirectory })
}

function a2a(url: string, transport: ReturnType<typeof createGuardedTransport>): Toolset {
  return createA2aToolset({ transport, environment, now })({ type: 'a2a', url, headers })
}

function cardWith(url: string) {
  return {
    name: 'agent',
    description: '',
    version: '1',
    protocolVersion: '0.3.0',
    url,
    preferredTransport: 'JSONRPC',
    skills: [],
    capabilities: {},
    defaultInputModes: [],
    defaultOutputModes: [],
  }
}

async function mcp(remote: Record<string, unknown>, net: Net, baseDirectory: string) {
  const transport = createGuardedTransport(net)
  const world = { transport, environment, version: '0.0.0', log, now, connectTimeout: 5000 }
  const toolset = createMcpToolset(world)({ type: 'mcp', remote }, { baseDirectory })
  try {
    return await listTools(toolset)
  } finally {
    await toolset.close?.()
  }
}

async function listTools(toolset: Toolset): Promise<string[]> {
  return (await toolset.tools(toolContext())).map(({ definition }) => definition.name)
}

function registry(net: Net) {
  return createRegistryConnection({
    reference: {
      text: 'localhost/a/b:1',
      name: 'b.yaml',
      registry: 'localhost',
      repository: 'a/b',
      version: '1',
      digest: null,
    },
    insecureRegistries: [],
    credentials: { kind: 'token', token: secret },
    fetch: createGuardedFetch(net),
    signal: new AbortController().signal,
  })
}
