import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { calling, createTeamScript } from '../support/team.ts'
import { ask, expectGoesOn, getSession, newSession, ofType, resume } from './conversation.ts'

const { script, say, withPush } = createTeamScript({
  root: 'You lead.',
  writer: 'You write.',
  better: 'You write well.',
})
const writer = `
agents:
  lead:
    model: scripted
    description: Writes files
    instruction: You write.
    toolsets: [{ type: filesystem, path: ./files }]
`
const assistant = `
agents:
  root:
    model: scripted
    instruction: You lead.
    sub_agents: [writer, "scribe:writer"]
    toolsets: [{ type: background_agents }]
permissions: { deny: [remove_directory] }
`
const app = withPush(
  await startApp({ lifetime: 'file', agents: { assistant, writer }, script }),
  'root',
)
const { client, events } = app
const done = { text: 'Done.' }
const transfer = (agent: string) => calling('transfer_task', { agent, task: 'Write it' })
const write = calling('write_file', { path: 'linked.txt', content: 'x' })

/** Puts another instruction into the file of the writer and waits until it is served. */
async function rewrite(text: string): Promise<void> {
  const path = join(app.directory, 'writer.yaml')
  await writeFile(path, `${text}\n${models()}`)
  await client.POST('/api/agents/{agent}/reload', { params: { path: { agent: 'writer' } } })
}

function models(): string {
  return `models:\n  scripted: { provider: scripted, model: scripted }\nproviders:\n  scripted: { base_url: "${app.model.baseUrl}" }\n`
}

test('an agent of another file takes a task, and its events say whose they are', async () => {
  const session = await newSession(app)
  say('root', transfer('scribe'), done)
  say('writer', { text: 'Written.' })
  const { run } = await ask(app, { session })
  const log = await events(run.id)
  const [completed] = ofType(log, 'sub_session_completed')
  expect(ofType(log, 'agent_switching')).toMatchObject([
    { from_agent: 'root', to_agent: 'scribe' },
    { from_agent: 'scribe', to_agent: 'root' },
  ])
  expect(await getSession(app, completed?.sub_session_id ?? '')).toMatchObject({
    agent: 'writer',
    agent_name: 'lead',
  })
  const prompt = app.model.requests.at(-1)?.body.messages[0]?.content
  expect(prompt).toContain('- writer: Writes files\n- scribe: Writes files')
  await expectGoesOn(app, session)
})

test('an agent of another file works in the background', async () => {
  const session = await newSession(app)
  say('root', calling('run_background_agent', { agent: 'writer', task: 'Write it' }), done)
  say('writer', { text: 'Written.' })
  await ask(app, { session })
  const { messages } = await getSession(app, session)
  const told = messages.find(({ role }) => role === 'tool')?.content ?? ''
  const child = /ses_\w+/.exec(told)?.[0] ?? ''
  expect(await getSession(app, child)).toMatchObject({ agent: 'writer', parent_id: session })
})

test('what the file of the lead denies is denied to agents of other files, too', async () => {
  const removal = calling('remove_directory', { path: '.' })
  const session = await newSession(app, { tools_approved: true })
  say('root', transfer('writer'), done)
  say('writer', removal, done)
  const { run } = await ask(app, { session })
  const [first] = ofType(await events(run.id), 'tool_call_response')
  expect(first).toMatchObject({ agent: 'lead', state: 'denied' })
  say('root', calling('run_background_agent', { agent: 'writer', task: 'Remove it' }), done)
  say('writer', removal, done)
  await ask(app, { session })
  const { messages } = await getSession(app, session)
  const told = messages.findLast(({ role }) => role === 'tool')?.content ?? ''
  const child = /ses_\w+/.exec(told)?.[0] ?? ''
  const { data } = await client.GET('/api/sessions/{session}/runs', {
    params: { path: { session: child } },
  })
  const [second] = ofType(await events(data.data[0]?.id ?? ''), 'tool_call_response')
  expect(second).toMatchObject({ agent: 'lead', state: 'denied' })
})

test('a run keeps to the version of the other file, over a restart; the next run takes the new one', async () => {
  const session = await newSession(app)
  say('root', transfer('writer'), done)
  say('writer', write, { text: 'Written.' })
  const { run } = await ask(app, { session })
  expect(run.status).toBe('waiting')
  await rewrite(writer.replace('You write.', 'You write well.'))
  await app.restart()
  await resume(app, session, { confirmation: 'approve' })
  expect(ofType(await events(run.id), 'stream_stopped')).toMatchObject([
    { reason: 'completed' },
    { reason: 'completed' },
  ])
  say('root', transfer('writer'), done)
  say('better', { text: 'Well written.' })
  const next = await ask(app, { session })
  const results = ofType(await events(next.run.id), 'tool_call_response')
  expect(results.map(({ result }) => result.output)).toEqual(['Well written.'])
})

test('over the API an agent cannot name those of others', async () => {
  const config = { agents: { root: { sub_agents: ['writer'] } } }
  const made = client.POST('/api/agents', { body: { name: 'cuckoo', config } })
  await expect(made).rejects.toMatchObject({ status: 422, code: 'agent_invalid' })
})

test('while the other file is gone, what was linked last goes on', async () => {
  await rm(join(app.directory, 'writer.yaml'))
  const session = await newSession(app)
  say('root', transfer('writer'), done)
  say('better', { text: 'From memory.' })
  const { run } = await ask(app, { session })
  expect(run.status).toBe('completed')
})
