import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { archiveSecret, startArchiveReceiver } from '../support/archive-receiver.ts'
import { ask, getSession, newSession, start, until } from './conversation.ts'

const environment = { PARLEY_ARCHIVE_SECRET: archiveSecret }

async function startArchived({
  answer,
  ...options
}: Parameters<typeof startApp>[0] & {
  answer?: NonNullable<Parameters<typeof startArchiveReceiver>[0]>['answer']
} = {}) {
  const archive = await startArchiveReceiver(answer ? { answer } : {})
  onTestFinished(() => archive.close())
  const app = await startApp({ ...options, flags: archive.flags, environment })
  return { app, archive }
}

test('a finished turn comes signed, whole and once, with the results of its tools', async () => {
  const { app, archive } = await startArchived({
    script: [
      { text: ['Let me think. '], toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] },
      { text: ['Done.'], usage: { prompt_tokens: 9, completion_tokens: 3 } },
      { text: ['Again.'] },
    ],
  })
  const session = await newSession(app, { external_id: 'order-7', metadata: { plan: 'gold' } })
  const { run } = await ask(app, { session, message: 'Hello' })
  const second = await ask(app, { session, message: 'And now?' })
  await archive.until(2)
  const [first] = archive.received.filter(({ turn }) => turn.run.id === run.id)
  expect(first).toMatchObject({ signed: true, id: `dlv_${run.id.slice(4)}` })
  expect(first?.turn).toMatchObject({
    id: first?.id,
    type: 'turn.finished',
    time: run.finished_at,
    tenant: 'default',
    owner: 'local',
    session: { id: session, external_id: 'order-7', metadata: { plan: 'gold' } },
    run,
    sub_sessions: [],
    usage: run.usage,
  })
  expect(first?.turn.messages.map(({ role, content }) => [role, content])).toEqual([
    ['user', 'Hello'],
    ['assistant', 'Let me think. '],
    ['tool', expect.any(String)],
    ['assistant', 'Done.'],
  ])
  const last = archive.received.find(({ turn }) => turn.run.id === second.run.id)
  expect(last?.turn.messages.map(({ content }) => content)).toEqual(['And now?', 'Again.'])
})

test('what sub-agents said comes with the turn that they worked in', async () => {
  const agents = {
    assistant: `
agents:
  root: { model: scripted, sub_agents: [helper] }
  helper: { model: scripted, description: Helps }
`,
  }
  const task = { agent: 'helper', task: 'Look it up', expected_output: 'A fact' }
  const { app, archive } = await startArchived({
    agents,
    script: [
      { toolCalls: [{ name: 'transfer_task', arguments: task }] },
      { text: ['A fact.'] },
      { text: ['It is so.'] },
    ],
  })
  const session = await newSession(app)
  const { run } = await ask(app, { session, message: 'Is it?' })
  await archive.until(1)
  await app.restart()
  expect(archive.received.map(({ turn }) => turn.run.id)).toEqual([run.id])
  const { messages, sub_sessions } = archive.received[0]?.turn ?? {}
  expect(messages?.at(-1)?.content).toBe('It is so.')
  expect(sub_sessions).toMatchObject([{ parent_id: session, agent_name: 'helper' }])
  expect(sub_sessions?.[0]?.messages.at(-1)).toMatchObject({
    role: 'assistant',
    content: 'A fact.',
  })
})

test('a run that failed, one that was cancelled, and none that waits', async () => {
  const write = { name: 'write_file', arguments: { path: 'a.txt', content: 'a' } }
  const { app, archive } = await startArchived({
    script: [
      { fault: { kind: 'status', status: 400 } },
      { toolCalls: [write] },
      { text: ['Fine.'] },
    ],
  })
  const failed = await ask(app, { session: await newSession(app), message: 'Fail' })
  await archive.until(1)
  expect(archive.received[0]?.turn.run).toMatchObject({ id: failed.run.id, status: 'failed' })

  const session = await newSession(app)
  const waiting = await start(app, { session, message: 'Write' })
  await until(app, waiting.id, 'run_waiting')
  const other = await ask(app, { session: await newSession(app), message: 'Hi' })
  await archive.until(2)
  expect(archive.received[1]?.turn.run.id).toBe(other.run.id)

  await app.client.POST('/api/runs/{run}/cancel', { params: { path: { run: waiting.id } } })
  await archive.until(3)
  expect(archive.received[2]?.turn).toMatchObject({ run: { id: waiting.id, status: 'cancelled' } })
})

test("an archive that never answers is in nobody's way", async () => {
  const { app, archive } = await startArchived({
    script: Array.from({ length: 12 }, () => ({ text: ['Fine.'] })),
    answer: () => undefined,
  })
  const session = await newSession(app)
  for (let turn = 0; turn < 12; turn += 1) {
    expect((await ask(app, { session, message: `${turn}` })).completed).toBe(true)
  }
  await archive.until(8)
  expect((await getSession(app, session)).status).toBe('idle')
})

test('turns that were not sent go with their session', async () => {
  const hanging = Promise.withResolvers<void>()
  const { app, archive } = await startArchived({
    script: [{ text: ['Secret.'] }, { text: ['Other.'] }],
    answer: (response, { turn }) => {
      if (turn.messages.at(-1)?.content === 'Other.') response.writeHead(204).end()
      else hanging.promise.then(() => response.writeHead(500).end())
    },
  })
  const session = await newSession(app)
  await ask(app, { session, message: 'Tell me' })
  await archive.until(1)
  await app.client.DELETE('/api/sessions/{session}', { params: { path: { session } } })
  hanging.resolve()
  await app.restart()
  await ask(app, { session: await newSession(app), message: 'And?' })
  await archive.until(2)
  expect(archive.received.map(({ turn }) => turn.session.id === session)).toEqual([true, false])
})
