/** `npm run bench:edits`: how soon an edited agent is used, with two hundred agents loaded. */
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from './postgres-server.ts'
import { createProcesses } from './processes.ts'
import { startServerUnderTest } from './server-under-test.ts'
import { median } from './statistics.ts'

const AGENTS = 200
const ROUNDS = 20
/** Milliseconds: an author does not wait longer. */
const GATE = 1000

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-edits-'))
  // The database may run as another user.
  chmodSync(directory, 0o755)
  const processes = createProcesses({ directory })
  process.on('exit', () => processes.killAll())
  const model = await startEchoModel()
  const postgres = await startPostgres({ directory, processes })
  try {
    const url = await postgres.createDatabase()
    const agents = writeAgents(directory)
    const start = (flags: string[]) =>
      startServerUnderTest({
        ...{ processes, directory, flags, model: model.url },
        storage: { kind: 'postgres', url },
      })
    const writable = await start(['--agents-writable', agents])
    const other = await start([agents])
    const rows = [
      ['a file is written', await editFiles(agents, writable.url)],
      [
        'PUT to an agent of a file',
        await editOver(writable.url, { on: writable.url, prefix: 'f' }),
      ],
      ['PUT to a stored agent', await editOver(other.url, { on: other.url, prefix: 's' })],
      [
        'PUT to a stored agent, run on another instance',
        await editOver(other.url, { on: writable.url, prefix: 'o' }),
      ],
    ] as const
    report(rows)
  } finally {
    model.close()
    await processes.stopAll()
    await postgres.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A model whose answer is the system prompt that it was given. */
async function startEchoModel(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const content = body === '' ? '' : JSON.parse(body).messages[0].content
      const frame = (choice: object) =>
        `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 0, model: 'echo', choices: [{ index: 0, ...choice }] })}\n\n`
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(
        `${frame({ delta: { content } })}${frame({ delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`,
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() }
}

function writeAgents(directory: string): string {
  const agents = join(directory, 'agents')
  mkdirSync(agents)
  for (let index = 0; index < AGENTS; index++) writeAgent(agents, index, 'Before')
  return agents
}

function writeAgent(directory: string, index: number, instruction: string): void {
  const spec = { model: 'openai/echo', instruction }
  writeFileSync(join(directory, `f${index}.yaml`), JSON.stringify({ agents: { root: spec } }))
}

async function editFiles(directory: string, url: string): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const edited = `File ${round}`
    const began = performance.now()
    writeAgent(directory, round, edited)
    times.push(await untilUsed(url, `f${round}`, edited, began))
  }
  return times
}

/** Edits agents over the API of one server, and runs them on one. */
async function editOver(
  url: string,
  { on, prefix }: { on: string; prefix: string },
): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const name = prefix === 'f' ? `f${ROUNDS + round}` : `${prefix}${round}`
    if (prefix !== 'f') {
      await send(`${url}/api/agents`, 'POST', {
        name,
        system_prompt: 'Before',
        model: 'openai/echo',
      })
      await untilUsed(on, name, 'Before', performance.now())
    }
    const edited = `Edit ${round}`
    const began = performance.now()
    await send(`${url}/api/agents/${name}`, 'PUT', { system_prompt: edited })
    times.push(await untilUsed(on, name, edited, began))
  }
  return times
}

/** Runs the agent again and again; milliseconds to the start of the first run with the new prompt. */
async function untilUsed(
  url: string,
  agent: string,
  prompt: string,
  began: number,
): Promise<number> {
  for (;;) {
    const asked = performance.now()
    const response = await fetch(`${url}/api/agents/${agent}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ message: 'Go' }),
    })
    const { output } = await response.json()
    if (output === prompt) return asked - began
    if (asked - began > 30_000) throw new Error(`${agent} still answers ${output}`)
  }
}

async function send(url: string, method: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`)
}

function report(rows: readonly (readonly [string, number[]])[]): void {
  console.log(`${AGENTS} agents of files; ${ROUNDS} edits each; ms to the first run that uses it`)
  for (const [what, times] of rows) {
    const longest = Math.max(...times)
    const held = longest < GATE ? 'held' : 'missed'
    console.log(
      `${what}: p50 ${Math.round(median(times))}, longest ${Math.round(longest)} (${held})`,
    )
    if (held === 'missed') process.exitCode = 1
  }
}

await main()
