import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startModelServer } from '../support/model-server.ts'
import { type ServerProcess, startServerProcess } from '../support/process.ts'
import { createModelScript, startMcpServer } from './replies.ts'

/** The key of the operator, who may do everything. */
const token = 'fuzz-token-0123456789abcdef0123456789abcdef'

/** A server of its own in a process of its own, with a model and an MCP server that are hostile. */
export type Target = {
  url: string
  server: ServerProcess
  /** Makes sessions in every state, and answers their ids: what `${name}` stands for. */
  refresh(): Promise<Record<string, string>>
  /** A request that must always work. Throws what is wrong with its answer. */
  golden(): Promise<void>
  close(): Promise<void>
}

export async function openTarget(): Promise<Target> {
  const model = await startModelServer({ script: createModelScript() })
  const mcp = await startMcpServer()
  const directory = await mkdtemp(join(tmpdir(), 'parley-fuzz-'))
  await mkdir(join(directory, 'files'))
  for (const [name, text] of Object.entries(agentFiles(model.baseUrl, mcp.url))) {
    await writeFile(join(directory, `${name}.yaml`), text)
  }
  const flags = [directory, '--no-titles', '--workspace', directory]
  const server = await startServerProcess({
    home: { directory, flags: [...flags, '--data-dir', join(directory, 'data')] },
    flags: [
      '--allow-host',
      new URL(mcp.url).host,
      '--allow-host',
      new URL(model.baseUrl).host,
      '--enable-code',
      '--http-token',
      token,
      '--rate-limit',
      '0',
    ],
  })
  const ask = createAsker(server.url, token)
  async function close(): Promise<void> {
    await server.kill('SIGTERM')
    await mcp.close()
    await model.close()
    await rm(directory, { recursive: true, force: true })
  }
  const makeAgent = (name: string) => ask('POST', '/api/agents', { name, system_prompt: 'Help' })
  await Promise.all(agentNames.map(makeAgent)).catch(async (error: unknown) => {
    await close()
    throw error
  })
  let refreshed = 0

  /** Some requests remove the agent. */
  async function versionOf(agent: string): Promise<string> {
    const page = await ask('GET', `/api/agents/${agent}/versions`).catch(() => ({ data: [] }))
    return page.data[0]?.version ?? 'none'
  }

  return {
    url: server.url,
    server,
    async refresh() {
      refreshed += 1
      const external = `external-${refreshed}`
      const session = await ask('POST', '/api/sessions', {
        external_id: external,
        agent: 'assistant',
      })
      const run = await ask('POST', `/api/sessions/${session.id}/chat`, { message: 'ping' })
      const { data: messages } = await ask('GET', `/api/sessions/${session.id}/messages`)
      const parked = await ask('POST', '/api/agents/assistant/chat', { message: 'please write' })
      const asking = await ask('POST', '/api/agents/assistant/chat', { message: 'please ask' })
      const detail = await ask('GET', `/api/sessions/${parked.run.session_id}`)
      const key = await ask('POST', '/api/keys', { name: 'spare', scopes: ['runs'] })
      const calling = await ask('POST', `/api/agents/assistant/chat`, {
        message: 'please look',
        tools: [lookTool],
      })
      // Some requests remove them.
      await Promise.allSettled(agentNames.map(makeAgent))
      await ask('POST', '/api/agents/coder/tools', addTool).catch(() => undefined)
      const version = await versionOf('made')
      return {
        session: session.id,
        external,
        run: run.run.id,
        message: messages[0].id,
        parked: parked.run.session_id,
        waiting: parked.run.id,
        asking: asking.run.session_id,
        approval: detail.pending_approvals[0].id,
        call: detail.pending_approvals[0].tool_call_id ?? detail.pending_approvals[0].tool_call.id,
        elicitation: asking.run.waiting_for.ids[0],
        key: key.id,
        calling: calling.run.session_id,
        clientCall: calling.run.waiting_for.ids[0],
        version,
        token,
      }
    },
    async golden() {
      const { output, completed } = await ask('POST', '/api/agents/assistant/chat', {
        message: 'ping',
      })
      if (output !== 'pong' || !completed) throw new Error(`The golden request answers ${output}`)
    },
    close,
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read by the names that the contract gives
type Answered = Record<string, any>

function createAsker(url: string, token: string) {
  return async (method: string, path: string, body?: unknown): Promise<Answered> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}: ${text}`)
    return JSON.parse(text)
  }
}

/** Agents that the requests may change. */
const agentNames = ['made', 'coder']
const lookTool = {
  type: 'function',
  function: { name: 'look', description: 'Looks', parameters: { type: 'object' } },
}
const addTool = {
  name: 'add',
  schema_json: '{"type":"object"}',
  javascript_code: 'export function execute(args) { return 1 }',
}

function agentFiles(baseUrl: string, mcpUrl: string): Record<string, string> {
  const model = `models:\n  scripted: { provider: scripted, model: scripted }\nproviders:\n  scripted: { base_url: "${baseUrl}" }\n`
  return {
    assistant: `agents:
  root:
    model: scripted
    description: Helps
    toolsets:
      - { type: filesystem, path: ./files }
      - { type: think }
      - { type: todo }
      - { type: user_prompt }
${model}`,
    worker: `agents:
  root:
    model: scripted
    description: Works
    max_iterations: 5
    toolsets:
      - { type: filesystem, path: ./files }
      - { type: think }
      - { type: todo }
      - { type: mcp, name: remote, remote: { url: "${mcpUrl}" } }
permissions:
  allow: ["*"]
${model}`,
  }
}
