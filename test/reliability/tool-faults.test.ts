import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import { expectGoesOn, newSession, ofType, start, until } from '../journeys/conversation.ts'
import { collectRun, createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { openWitness } from '../tools/witness.ts'

/**
 * Tools that misbehave in every way, in a server that is a process of its own. Whatever they do, the
 * run goes on with a result that says what happened, none of their processes is left, other requests
 * are answered meanwhile, and the server's memory stays within the bound below.
 */

/** Bytes that the server may grow by over one fault; what floods is ten times as much. */
const bound = 100 * 1024 * 1024
const flood = 1_000_000_000
/** Interpreters that the server keeps warm, at most. */
const mostSandboxes = 8

const javascript = {
  js_loop: 'export const execute = () => { while (true) {} }',
  js_memory:
    'export const execute = () => { const all = []; while (true) all.push(new Array(1000).fill(1)) }',
  js_flood:
    "export const execute = () => { const line = 'x'.repeat(1e6); while (true) console.log(line) }",
  js_huge: "export const execute = () => 'x'.repeat(50_000_000)",
  js_surrogate: "export const execute = () => 'a\\ud800b'",
}
const python = {
  py_flood: "def execute(args):\n    while True: print('x' * 1_000_000)",
  py_loop: 'def execute(args):\n    while True: pass',
  py_memory: 'def execute(args):\n    return len(bytearray(4_000_000_000))',
  py_fork: 'import os\ndef execute(args):\n    while True: os.fork()',
  py_signals:
    'import signal\ndef execute(args):\n    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(each, signal.SIG_IGN)\n    while True: pass',
  py_dies: 'import os\ndef execute(args):\n    os._exit(3)',
  py_bytes: "def execute(args):\n    return 'a\\udcffb'",
}

const codeTools = (sources: Record<string, string>) =>
  Object.entries(sources).map(([name, code]) => {
    const isEndless = /loop|flood|signals/.test(name)
    return { name, code, timeout: isEndless ? 2 : 20 }
  })

/** An MCP server of a few lines with the fault that it is started with; ignores what asks it to end. */
const mcpServer = `
for (const each of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(each, () => {})
const { spawn } = require('node:child_process')
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n')
const tools = [{ name: 'call', inputSchema: { type: 'object' } }]
const text = (id, text) => send({ id, result: { content: [{ type: 'text', text }] } })
const calls = {
  flood() { const more = () => process.stdout.write('x'.repeat(1 << 20), more); more() },
  fork() { for (let i = 0; i < 20; i += 1) spawn('sleep', ['1000'], { stdio: 'ignore' }); process.exit(4) },
  loop() { for (;;); },
  dies() { process.exit(3) },
  bytes(id) { process.stdout.write(Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":' + id + ',"result":{"content":[{"type":"text","text":"a'), Buffer.from([0xff]), Buffer.from('b"}]}}\\n')])) },
}
const answers = {
  initialize: ({ id, params }) => send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } }),
  'tools/list': ({ id }) => send({ id, result: { tools } }),
  'tools/call': ({ id, params }) => calls[process.argv[1]](id),
  ping: ({ id }) => send({ id, result: {} }),
}
let rest = ''
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\\n')
  rest = lines.pop()
  for (const line of lines) { const message = JSON.parse(line); answers[message.method]?.(message) }
})
`
const file = {
  agents: {
    root: {
      model: 'scripted',
      toolsets: [
        { type: 'shell', path: './files' },
        { type: 'code', javascript: codeTools(javascript), python: codeTools(python) },
        ...['loop', 'dies', 'bytes', 'flood', 'fork'].map((fault) => ({
          type: 'mcp',
          name: fault,
          command: process.execPath,
          args: ['-e', mcpServer, fault],
          timeout: 1,
        })),
      ],
    },
  },
}

const model = await startModelServer()
const home = await createHome({ agents: { assistant: toYaml(file) }, baseUrl: model.baseUrl })
const server = await startServerProcess({ home, flags: ['--enable-shell', '--enable-code'] })
afterAll(async () => {
  await server.kill()
  await model.close()
  await home.remove()
})
const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
const app = { client, model }

const shell = (cmd: string, timeout = 1) => ({ name: 'shell', arguments: { cmd, timeout } })
const call = (name: string) => ({ name, arguments: {} })

test.each([
  ['shell: never ends', shell('while :; do :; done'), /did not end within 1 s/],
  ['shell: floods 1 GB', shell(`head -c ${flood} /dev/zero | tr '\\0' x`, 60), /left out/],
  [
    'shell: forks again and again',
    shell('i=0; while [ $i -lt 50 ]; do sleep 1000 & i=$((i+1)); done; wait'),
    /did not end within 1 s/,
  ],
  [
    'shell: ignores signals',
    shell("trap '' TERM INT HUP; while :; do sleep 1; done"),
    /did not end within 1 s/,
  ],
  ['shell: writes what is no text', shell("printf 'a\\377b'"), /^a\ufffdb$/],
  ['shell: dies', shell('kill -9 $$'), /SIGKILL/],
  ['JavaScript: never ends', call('js_loop'), /did not end within 2 s and was stopped/],
  ['JavaScript: takes all memory', call('js_memory'), /out of memory/],
  ['JavaScript: floods its output', call('js_flood'), /did not end within 2 s and was stopped/],
  ['JavaScript: answers with 50 MB', call('js_huge'), /out of memory/],
  ['JavaScript: answers with half a character', call('js_surrogate'), /^a\ufffdb$/],
  ['Python: never ends', call('py_loop'), /did not end within 2 s and was stopped/],
  ['Python: takes all memory', call('py_memory'), /MemoryError/],
  ['Python: floods its output', call('py_flood'), /did not end within 2 s and was stopped/],
  ['Python: forks again and again', call('py_fork'), /PermissionError: .*\n$/],
  ['Python: ignores signals', call('py_signals'), /did not end within 2 s and was stopped/],
  ['Python: dies', call('py_dies'), /ended Python instead of returning/],
  ['Python: answers with what is no text', call('py_bytes'), /^a\ufffdb$/],
  [
    'MCP: never ends',
    call('loop_call'),
    /neither an answer nor progress for 1 s.*answers nothing any more/,
  ],
  ['MCP: dies', call('dies_call'), /lost .*exit code 3/],
  ['MCP: writes what is no text', call('bytes_call'), /^a\ufffdb$/],
  ['MCP: floods', call('flood_call'), /larger than 8 MiB/],
  ['MCP: forks and dies', call('fork_call'), /lost .*exit code 4/],
])('%s: the run goes on, nothing is left of it', async (_, toolCall, says) => {
  const session = await newSession(app, { tools_approved: true })
  const before = await server.memory()
  const { name, arguments: args } = toolCall
  // Whatever a command starts keeps the witness open.
  const witness = 'cmd' in args ? await openWitness(join(home.directory, 'files')) : null
  const watched = 'cmd' in args ? { ...args, cmd: `exec 8>${witness?.name}; ${args.cmd}` } : args
  model.push({ toolCalls: [{ name, arguments: watched }] }, { text: 'On we go.' })
  const run = await start(app, { session })
  await until(app, run.id, 'tool_call')
  const { data: other } = await client.GET('/api/sessions/{session}', {
    params: { path: { session } },
  })
  expect(other.id).toBe(session)
  const log = await collectRun(client, run.id)
  const [response] = ofType(log, 'tool_call_response')
  expect(response?.result.output).toMatch(says)
  expect(log.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'completed' })
  expect((await server.memory()) - before).toBeLessThan(bound)
  await witness?.gone
  await expect.poll(() => strays(server.pid()), { timeout: 15_000 }).toEqual([])
  await expectGoesOn(app, session)
})

test('other requests are answered while a tool floods and another spins', async () => {
  const session = await newSession(app, { tools_approved: true })
  const witness = await openWitness(join(home.directory, 'files'))
  const endless = `exec 8>${witness.name}; yes`
  model.push({ toolCalls: [shell(endless, 600), shell('while :; do :; done', 600)] })
  const run = await start(app, { session })
  await witness.opened
  await until(app, run.id, 'tool_call_output')
  const beside = await newSession(app)
  model.push({ text: 'Here.' })
  const log = await collectRun(client, (await start(app, { session: beside })).id)
  expect(log.at(-1)).toMatchObject({ reason: 'completed' })
  const { data } = await client.GET('/api/runs/{run}', { params: { path: { run: run.id } } })
  expect(data.status).toBe('running')
  await client.POST('/api/runs/{run}/cancel', { params: { path: { run: run.id } } })
  await witness.gone
  await expectGoesOn(app, session)
})

/** JSON is YAML; the comment lets `createHome` know that nothing has to be added. */
function toYaml(value: object): string {
  return JSON.stringify({
    ...value,
    models: { scripted: { provider: 'scripted', model: 'scripted' } },
    providers: { scripted: { base_url: '{base_url}' } },
  })
}

type Process = { pid: number; command: string }

/** What tools left running below a process: `sleep`, and more than a few interpreters. */
async function strays(root: number): Promise<string[]> {
  const commands = (await descendants(root)).map(({ command }) => command)
  const interpreters = commands.filter((command) => command.startsWith('python'))
  const idle = interpreters.length > mostSandboxes ? interpreters : []
  return [...commands.filter((command) => command === 'sleep'), ...idle]
}

/** Every process below one; those that have ended and were not yet asked for are none. */
async function descendants(root: number): Promise<Process[]> {
  const children = new Map<number, Process[]>()
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const [, command = '', state = 'Z', parent] = /^\d+ \((.*)\) (\S) (\d+)/s.exec(stat) ?? []
    if (state === 'Z') continue
    children.set(Number(parent), [...(children.get(Number(parent)) ?? []), { pid, command }])
  }
  const below = (pid: number): Process[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child.pid)])
  return below(root)
}
