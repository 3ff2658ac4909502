import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import type { ScriptedAnswer } from '../support/model-server.ts'
import { calling, createTeamScript } from '../support/team.ts'
import { ask, expectGoesOn, getSession, newSession, resume, until } from './conversation.ts'

const team = `
agents:
  root:
    model: scripted
    instruction: You lead.
    sub_agents: [writer, deputy]
    toolsets: [{ type: background_agents }]
  deputy:
    model: scripted
    instruction: You stand in.
    sub_agents: [deputy, writer]
    toolsets: [{ type: background_agents }]
  writer:
    model: scripted
    instruction: You write.
    toolsets: [{ type: filesystem, path: ./files }]
`
const { script, say, sayAlways, withPush } = createTeamScript({
  root: 'You lead.',
  deputy: 'You stand in.',
  writer: 'You write.',
})
const app = withPush(
  await startApp({ lifetime: 'file', agents: { assistant: team }, script }),
  'root',
)
const { client, events } = app
const never = new Promise<never>(() => {})

const run = (agent: string, task = 'Write a file') =>
  calling('run_background_agent', { agent, task })
const write = calling('write_file', { path: 'note.txt', content: 'noted' })
const done = { text: 'Done.' }

/** Lets the lead make the calls of one answer; what it is told. */
async function lead(session: string, answer: ScriptedAnswer): Promise<string[]> {
  say('root', answer, done)
  await ask(app, { session })
  return (await resultsIn(session)).slice(-(answer.toolCalls?.length ?? 0))
}

async function resultsIn(session: string): Promise<string[]> {
  const { messages } = await getSession(app, session)
  return messages.filter(({ role }) => role === 'tool').map(({ content }) => content)
}

/** Asks for a background agent; answers its session. */
async function begin(session: string, agent = 'writer'): Promise<string> {
  return sessionIn(await lead(session, run(agent)))
}

function sessionIn([told = '']: string[]): string {
  return /ses_\w+/.exec(told)?.[0] ?? ''
}

const list = calling('list_background_agents', {})
const view = (id: string) => calling('view_background_agent', { agent_id: id })
const stop = (id: string) => calling('stop_background_agent', { agent_id: id })

async function runOf(session: string) {
  const { data } = await client.GET('/api/sessions/{session}/runs', {
    params: { path: { session } },
  })
  const [newest] = data.data
  if (!newest) throw new Error(`${session} has no run`)
  return newest
}

test('a background agent works on while the conversation goes on, and tells its answer', async () => {
  const session = await newSession(app)
  const { promise, resolve } = Promise.withResolvers<void>()
  say('writer', { text: 'The file is there.', hold: promise })
  const child = await begin(session)
  expect(await lead(session, list)).toEqual([
    expect.stringMatching(new RegExp(`^${child} \\[running, .*\\] writer: Write a file$`)),
  ])
  resolve()
  await events((await runOf(child)).id)
  expect(await lead(session, view(child))).toEqual([
    expect.stringMatching(/\[completed, .*\n\nThe file is there\.$/),
  ])
  expect(await getSession(app, child)).toMatchObject({
    parent_id: session,
    agent_name: 'writer',
    title: 'Write a file',
    status: 'idle',
  })
  await expectGoesOn(app, session)
})

test('what it asks waits in its own session and among the approvals, under the rules of its parent', async () => {
  const session = await newSession(app, { permissions: { deny: ['remove_directory'] } })
  say('writer', write, done)
  const child = await begin(session)
  const { id } = await runOf(child)
  await until(app, id, 'run_waiting')
  expect(String(await lead(session, list))).toContain('waiting for the user to approve a call')
  const { pending_approvals, permissions } = await getSession(app, child)
  expect(permissions).toEqual({ deny: ['remove_directory'] })
  const { data } = await client.GET('/api/approvals', { params: { query: { status: 'pending' } } })
  expect(data.data).toEqual(pending_approvals)
  await resume(app, child, { confirmation: 'approve' })
  await events(id)
  expect(await readFile(join(app.directory, 'files', 'note.txt'), 'utf8')).toBe('noted')
  await expectGoesOn(app, session)
})

test('stop ends a background agent, and an unknown one is told', async () => {
  const session = await newSession(app)
  say('writer', { text: 'One two three', hold: never })
  const child = await begin(session)
  expect(String(await lead(session, stop(child)))).toContain('[cancelled, ')
  expect(await runOf(child)).toMatchObject({ status: 'cancelled' })
  const other = await newSession(app)
  expect(await lead(other, stop(child))).toEqual([
    `There is no background agent ${child}; list_background_agents shows the ids.`,
  ])
})

test('a background agent may spend what its parent has left', async () => {
  const session = await newSession(app)
  const look = calling('list_directory', { path: '.' })
  say('root', run('writer'), done)
  say('writer', look, look)
  await ask(app, { session, options: { budget: { tool_calls: 2 } } })
  const { id } = await runOf(sessionIn(await resultsIn(session)))
  const log = await until(app, id, 'run_waiting')
  expect(log.find(({ type }) => type === 'budget_exceeded')).toMatchObject({
    limit: 'tool_calls',
    allowed: 1,
  })
  await remove(session)
})

test('eight may be at work at the same time, also when all are asked for at once', async () => {
  const session = await newSession(app)
  say('writer', ...Array.from({ length: 8 }, () => ({ text: 'One two', hold: never })))
  const { toolCalls = [] } = run('writer')
  const told = await lead(session, { toolCalls: Array(9).fill(toolCalls).flat() })
  expect(told.filter((result) => result.includes('works on it'))).toHaveLength(8)
  expect(told.filter((result) => result.includes('8 background agents are at work'))).toHaveLength(
    1,
  )
  await remove(session)
})

test('a task is passed on four times at most, in the background too', async () => {
  const session = await newSession(app)
  sayAlways('deputy', ({ body }) => (body.messages.at(-1)?.role === 'tool' ? done : run('deputy')))
  let below = await begin(session, 'deputy')
  const told: string[] = []
  while (below) {
    await events((await runOf(below)).id)
    const results = await resultsIn(below)
    told.push(...results)
    below = sessionIn(results)
  }
  expect(told).toEqual([
    ...Array(3).fill(expect.stringContaining('deputy works on it')),
    expect.stringContaining('can be passed on 4 times at most'),
  ])
})

test('removing a session cancels and removes what works for it, however deep', async () => {
  const session = await newSession(app)
  say('deputy', run('writer'), { text: 'Waiting', hold: never })
  say('writer', { text: 'Writing', hold: never })
  const child = await begin(session, 'deputy')
  await until(app, (await runOf(child)).id, 'agent_choice')
  const grandchild = sessionIn(await resultsIn(child))
  await remove(session)
  for (const id of [session, child, grandchild]) {
    await expect(getSession(app, id)).rejects.toMatchObject({ status: 404 })
  }
})

async function remove(session: string): Promise<void> {
  await client.DELETE('/api/sessions/{session}', { params: { path: { session } } })
}
