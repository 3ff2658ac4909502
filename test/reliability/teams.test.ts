import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import {
  ask,
  expectGoesOn,
  getSession,
  newSession,
  ofType,
  resume,
  start,
  until,
} from '../journeys/conversation.ts'
import { collectRun, createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { calling, createTeamScript } from '../support/team.ts'

const team = `
agents:
  root:
    model: scripted
    instruction: You lead.
    sub_agents: [deputy, writer]
    handoffs: [desk]
    toolsets: [{ type: background_agents }]
  deputy:
    model: scripted
    instruction: You stand in.
    sub_agents: [writer]
  manager:
    model: scripted
    instruction: You manage.
    sub_agents: [writer]
    hooks:
      post_tool_use:
        - matcher: transfer_task
          hooks: [{ command: 'test -e hooked && exit; touch hooked; while kill -0 $PPID; do sleep 0.1; done' }]
  writer:
    model: scripted
    instruction: You write.
    toolsets: [{ type: filesystem, path: ./files }]
  desk:
    model: scripted
    instruction: You are the desk.
`
const { script, say } = createTeamScript({
  root: 'You lead.',
  deputy: 'You stand in.',
  manager: 'You manage.',
  writer: 'You write.',
  desk: 'You are the desk.',
})
const scripted = await startModelServer({ script })
const home = await createHome({ agents: { assistant: team }, baseUrl: scripted.baseUrl })
const server = await startServerProcess({ home, flags: ['--enable-shell'] })
afterAll(async () => {
  await server.kill()
  await scripted.close()
  await home.remove()
})
const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
const app = { client, model: { ...scripted, push: (answer: object) => say('root', answer) } }
const done = { text: 'Done.' }
const never = new Promise<never>(() => {})
const transfer = (agent: string) => calling('transfer_task', { agent, task: 'Write it' })
const write = (path: string) => calling('write_file', { path, content: path })
const written = (path: string) => readFile(join(home.directory, 'files', path), 'utf8')

async function restart(): Promise<void> {
  await server.kill('SIGKILL')
  await server.start()
}

test('an approval two transfers below outlives a kill, and the answer finds its way up', async () => {
  const session = await newSession(app)
  say('root', transfer('deputy'), { text: 'My deputy did it.' })
  say('deputy', transfer('writer'), { text: 'The writer did it.' })
  say('writer', write('deep.txt'), { text: 'Written.' })
  const { run } = await ask(app, { session })
  expect(run.status).toBe('waiting')
  await restart()
  const [approval] = (await getSession(app, session)).pending_approvals
  expect(approval).toMatchObject({ agent_name: 'writer' })
  await resume(app, session, { confirmation: 'approve' })
  const log = await collectRun(client, run.id)
  expect(
    ofType(log, 'tool_call_response')
      .map(({ result }) => result.output)
      .slice(1),
  ).toEqual(['Written.', 'The writer did it.'])
  expect(await written('deep.txt')).toBe('deep.txt')
  await expectGoesOn(app, session)
})

test('a background agent outlives a kill in the middle of its answer', async () => {
  const session = await newSession(app)
  say('root', calling('run_background_agent', { agent: 'writer', task: 'Write it' }), done)
  say('writer', { text: 'Half of an', hold: never })
  await ask(app, { session })
  const { messages } = await getSession(app, session)
  const told = messages.find(({ role }) => role === 'tool')?.content ?? ''
  const child = /ses_\w+/.exec(told)?.[0] ?? ''
  const run = (await getSession(app, child)).active_run_id ?? ''
  await until(app, run, 'agent_choice')
  say('writer', write('behind.txt'), { text: 'Written.' })
  await restart()
  await until(app, run, 'tool_call_confirmation')
  await resume(app, child, { confirmation: 'approve' })
  const log = await collectRun(client, run)
  expect(ofType(log, 'stream_stopped')).toMatchObject([{ reason: 'completed' }])
  expect(await written('behind.txt')).toBe('behind.txt')
  say('root', calling('list_background_agents', {}), done)
  await ask(app, { session })
  const list = (await getSession(app, session)).messages.findLast(({ role }) => role === 'tool')
  expect(list?.content).toContain(`${child} [completed, `)
})

test('whom the conversation was handed over to answers after a restart, too', async () => {
  const session = await newSession(app)
  say('root', calling('handoff', { agent: 'desk' }))
  say('desk', { text: 'The desk.' }, { text: 'Still the desk.' })
  expect(await ask(app, { session })).toMatchObject({ output: 'The desk.' })
  await restart()
  expect(await getSession(app, session)).toMatchObject({ agent_name: 'desk' })
  const { data } = await client.POST('/api/sessions/{session}/chat', {
    params: { path: { session } },
    body: { message: 'And now?' },
  })
  expect(data).toMatchObject({ output: 'Still the desk.' })
})

test('a kill while two tasks are worked on lets both go on', async () => {
  const session = await newSession(app)
  const { toolCalls = [] } = transfer('writer')
  say('root', { toolCalls: [...toolCalls, ...toolCalls] }, done)
  say('writer', { text: 'Half of', hold: never }, { text: 'Half of', hold: never })
  const run = await start(app, { session })
  const working = new Set<string>()
  await until(app, run.id, (event) => {
    if (event.type === 'agent_choice') working.add(event.session_id)
    return working.size === 2
  })
  say('writer', { text: 'One whole.' }, { text: 'One whole.' })
  await restart()
  const log = await collectRun(client, run.id)
  expect(ofType(log, 'step_restarted')).toHaveLength(2)
  const results = ofType(log, 'tool_call_response').map(({ result }) => result.output)
  expect(results).toEqual(['One whole.', 'One whole.'])
  await expectGoesOn(app, session)
})

test('a kill between the end of a sub-agent and its result does not end the transfer twice', async () => {
  const session = await newSession(app)
  say('manager', transfer('writer'), { text: 'The writer did it.' })
  say('writer', { text: 'Written.' })
  const { data: begun } = await client.POST('/api/sessions/{session}/agent/{agent}/{agent_name}', {
    params: {
      path: { session, agent: 'assistant', agent_name: 'manager' },
      header: { prefer: 'respond-async' },
    },
    body: [{ role: 'user', content: 'Go on' }],
  })
  const hooked = () => readFile(join(home.directory, 'hooked'), 'utf8').catch(() => null)
  await expect.poll(hooked, { timeout: 20_000 }).toBe('')
  await restart()
  const log = await collectRun(client, begun && 'id' in begun ? begun.id : '')
  expect(ofType(log, 'sub_session_completed')).toHaveLength(1)
  expect(ofType(log, 'agent_switching').map(({ switching }) => switching)).toEqual([true, false])
  expect(ofType(log, 'tool_call_response')).toMatchObject([{ result: { output: 'Written.' } }])
})
