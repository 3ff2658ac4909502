import { watch } from 'node:fs'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type App, startApp } from '../support/app.ts'
import {
  ask,
  expectGoesOn,
  getSession,
  newSession,
  ofType,
  resume,
  toldResults,
} from './conversation.ts'

/** Hooks that write down what they are told; that of the start also gives the prompt a count. */
const assistant = `
agents:
  root:
    model: scripted
    instruction: You help.
    sub_agents: [helper]
    toolsets: [{ type: filesystem, path: ./files }]
    hooks:
      session_start: [{ command: "cat >> told.jsonl; echo >> told.jsonl; echo Opened $(wc -l < told.jsonl)" }]
      session_end: [{ command: "cat >> ended.jsonl; echo >> ended.jsonl" }]
      on_user_input: [{ command: "cat >> asked.jsonl; echo >> asked.jsonl" }]
  helper:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }]
    hooks:
      pre_tool_use: [{ matcher: "*", hooks: [{ command: "echo not here >&2; exit 2" }] }]
`
const agents = { assistant }

async function begin(): Promise<App> {
  const app = await startApp({ agents, flags: ['--enable-shell'] })
  for (const name of ['told', 'ended', 'asked']) await writeFile(fileOf(app, name), '')
  return app
}

const fileOf = ({ directory }: App, name: string) => join(directory, `${name}.jsonl`)

const systemOf = ({ model }: App) => String(model.requests.at(-1)?.body.messages[0]?.content)

/** The events in a file of the hooks, when there are so many. */
async function told(app: App, name: string, count: number): Promise<Record<string, unknown>[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>[]>()
  const look = async () => {
    const lines = (await readFile(fileOf(app, name), 'utf8')).split('\n')
    const whole = lines.slice(0, -1).filter((line) => line !== '')
    if (whole.length >= count) resolve(whole.map((line) => JSON.parse(line)))
  }
  const watcher = watch(fileOf(app, name), () => void look().catch(reject))
  onTestFinished(() => watcher.close())
  await look()
  return promise
}

test('a session starts once: what its hooks give stays in the prompt over runs and restarts', async () => {
  const app = await begin()
  const session = await newSession(app)
  app.model.push({ text: 'One.' }, { text: 'Two.' })
  await ask(app, { session })
  expect(systemOf(app)).toMatch(/You help\.[\s\S]*Opened 1$/)
  await ask(app, { session })
  await app.restart()
  await expectGoesOn(app, session)
  expect(systemOf(app)).toMatch(/Opened 1$/)
  expect(await told(app, 'told', 1)).toEqual([
    {
      session_id: session,
      cwd: app.directory,
      hook_event_name: 'session_start',
      agent_name: 'root',
      source: 'startup',
    },
  ])
  const other = await newSession(app)
  await expectGoesOn(app, other)
  expect(systemOf(app)).toMatch(/Opened 2$/)
})

test('the hooks are told that a run waits, that it is over, and that its session is deleted', async () => {
  const app = await begin()
  const session = await newSession(app)
  const write = { name: 'write_file', arguments: { path: 'a', content: 'x' } }
  app.model.push({ toolCalls: [write] }, { text: 'Done.' })
  await ask(app, { session })
  expect(await told(app, 'asked', 1)).toMatchObject([
    { session_id: session, hook_event_name: 'on_user_input', reason: 'approval' },
  ])
  const { id } = await resume(app, session, { confirmation: 'approve' })
  await app.events(id)
  expect(await told(app, 'ended', 1)).toMatchObject([{ session_id: session, reason: 'completed' }])
  await app.client.DELETE('/api/sessions/{session}', { params: { path: { session } } })
  expect((await told(app, 'ended', 2))[1]).toMatchObject({
    session_id: session,
    hook_event_name: 'session_end',
    reason: 'deleted',
  })
})

test('a sub-agent is held by hooks of its own', async () => {
  const app = await begin()
  const session = await newSession(app, { tools_approved: true })
  app.model.push(
    { toolCalls: [{ name: 'transfer_task', arguments: { agent: 'helper', task: 'Look' } }] },
    { toolCalls: [{ name: 'list_directory', arguments: { path: '.' } }] },
    { text: 'I may not.' },
    { text: 'It may not.' },
  )
  const { run } = await ask(app, { session })
  const states = ofType(await app.events(run.id), 'tool_call_response').map(
    ({ agent, state, response }) => [agent, state, response],
  )
  expect(states).toEqual([
    ['helper', 'denied', 'A hook of the agent denies this call: not here'],
    ['root', 'succeeded', 'I may not.'],
  ])
  await expectGoesOn(app, session)
})

test('hooks of a session that fail are a warning, and are asked again later', async () => {
  const failing = assistant.replace('echo Opened', 'test -e ready || exit 7; echo Opened')
  const app = await startApp({ agents: { assistant: failing }, flags: ['--enable-shell'] })
  await writeFile(fileOf(app, 'told'), '')
  const session = await newSession(app)
  app.model.push({ text: 'Without.' })
  const { run } = await ask(app, { session })
  const [warning] = ofType(await app.events(run.id), 'warning')
  expect(warning).toMatchObject({ code: 'hook_failed' })
  expect(warning?.message).toMatch(/^The session_start hook .* failed: exit code 7/)
  await appendFile(join(app.directory, 'ready'), '')
  await expectGoesOn(app, session)
  expect(systemOf(app)).toMatch(/Opened 2$/)
})

test('without --enable-shell a guarded call asks, also over approve-all, and the stream says why', async () => {
  const app = await startApp({ agents })
  const session = await newSession(app, { tools_approved: true, agent: 'assistant' })
  const transfer = { name: 'transfer_task', arguments: { agent: 'helper', task: 'Look' } }
  const list = { name: 'list_directory', arguments: { path: '.' } }
  app.model.push({ toolCalls: [transfer] }, { toolCalls: [list] }, { text: 'No.' }, { text: 'No.' })
  const { run } = await ask(app, { session })
  expect(run.waiting_for).toMatchObject({ kind: 'approval' })
  await resume(app, session, { confirmation: 'reject' })
  const warnings = ofType(await app.events(run.id), 'warning')
  const refusal =
    'The hooks do not run: running commands is turned off; start the server with --enable-shell'
  expect(new Set(warnings.map(({ agent, message }) => `${agent}: ${message}`))).toEqual(
    new Set([`root: ${refusal}`, `helper: ${refusal}`]),
  )
  expect(toldResults(app)).toHaveLength(1)
  expect((await getSession(app, session)).status).toBe('idle')
})

test('over the API no hooks can be given', async () => {
  const app = await begin()
  const hooks = { session_end: [{ command: 'true' }] }
  const answer = await fetch(`${app.url}/api/agents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'mine', config: { agents: { root: { hooks } } } }),
  })
  expect(answer.status).toBe(422)
  expect(await answer.json()).toMatchObject({
    errors: [{ path: 'config.agents.root.hooks', message: 'over the API no command may be given' }],
  })
})
