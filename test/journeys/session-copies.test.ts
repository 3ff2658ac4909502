import { expect, test } from 'vitest'
import { followSession } from '#client/index.ts'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, getSession, newSession, start, until } from './conversation.ts'

const app = await startApp({ lifetime: 'file' })
const { client, model, events } = app
const of = (session: string) => ({ params: { path: { session } } })
const think = { name: 'think', arguments: { thought: 'hm' } }

async function fork(session: string, body: { message_id?: string; title?: string } = {}) {
  const { data } = await client.POST('/api/sessions/{session}/fork', { ...of(session), body })
  return data
}

async function exported(session: string) {
  const { data } = await client.GET('/api/sessions/{session}/export', of(session))
  return data
}

type Document = Awaited<ReturnType<typeof exported>>

async function imported(document: Document): Promise<string> {
  const { data } = await client.POST('/api/sessions/import', { body: document })
  return data.id
}

const textsOf = async (session: string) =>
  (await getSession(app, session)).messages.map(({ content }) => content)
const shown = () => model.requests.at(-1)?.body.messages.map(({ content }) => content)

/** A session with two branches: One, First, Two, Second beside Two again, with a call, Third. */
async function branched() {
  const session = await newSession(app, { title: 'Plans', metadata: { customer: 'c1' } })
  model.push({ text: 'First' }, { text: 'Second' })
  await ask(app, { session, message: 'One' })
  await ask(app, { session, message: 'Two' })
  const { messages } = await getSession(app, session)
  model.push({ toolCalls: [think, think] }, { text: 'Third' })
  await client.POST('/api/sessions/{session}/messages/{message}/edit', {
    params: { path: { session, message: messages[2]?.id ?? '' } },
    body: { content: 'Two again' },
  })
  return { session, first: messages, second: (await getSession(app, session)).messages }
}

test('a fork has copies of the active branch, ids of its own and a log of its own', async () => {
  const { session, second } = await branched()
  const made = await fork(session, { title: 'Other plans' })
  expect(made).toMatchObject({
    title: 'Other plans',
    parent_id: session,
    metadata: { customer: 'c1' },
    status: 'idle',
    last_seq: 0,
    usage: { input_tokens: 0 },
  })
  const { messages } = await getSession(app, made.id)
  const bare = ({ content, role, tool_call_id, tool_calls }: (typeof messages)[number]) => ({
    content,
    role,
    tool_call_id,
    tool_calls,
  })
  expect(messages.map(bare)).toEqual(second.map(bare))
  const ids = new Set(second.map(({ id }) => id))
  expect(messages.filter(({ id }) => ids.has(id))).toEqual([])
  expect(messages.map(({ parent_id }) => parent_id)).toEqual([
    null,
    ...messages.slice(0, -1).map(({ id }) => id),
  ])
  await expectGoesOn(app, made.id)
  expect(shown()?.slice(0, 3)).toEqual(['One', 'First', 'Two again'])
  const log: string[] = []
  for await (const event of followSession(client, { session: made.id })) {
    log.push(`${event.seq} ${event.type}`)
    if (event.type === 'stream_stopped') break
  }
  expect(log[0]).toBe('1 user_message')
  expect(await textsOf(session)).not.toContain('Are you there?')
  await expectGoesOn(app, session)
})

test('a fork ends where it is told to, on any branch, and keeps calls with their results', async () => {
  const { session, first, second } = await branched()
  const early = await fork(session, { message_id: first[3]?.id ?? '' })
  expect(early.title).toBe('Plans')
  expect(await textsOf(early.id)).toEqual(['One', 'First', 'Two', 'Second'])
  const calls = second.find(({ tool_calls }) => tool_calls)
  const amid = await fork(session, { message_id: calls?.id ?? '' })
  const { messages } = await getSession(app, amid.id)
  expect(messages.map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'user',
    'assistant',
    'tool',
    'tool',
  ])
  expect(messages.at(-1)?.id).toBe(amid.leaf_message_id)
  const twice = await fork(amid.id)
  await expectGoesOn(app, early.id)
  await expectGoesOn(app, amid.id)
  await expectGoesOn(app, twice.id)
  const unknown = fork(session, { message_id: 'msg_none' })
  await expect(unknown).rejects.toMatchObject({
    status: 422,
    problem: { errors: [{ path: 'message_id' }] },
  })
  await expect(fork('ses_none')).rejects.toMatchObject({ status: 404 })
  const empty = await fork(await newSession(app))
  await expectGoesOn(app, empty.id)
})

test('a fork of a session that waits for a decision has a result for the open call', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [{ name: 'write_file', arguments: { path: 'a', content: 'b' } }] })
  const { run } = await ask(app, { session, message: 'Write' })
  expect(run.status).toBe('waiting')
  const made = await fork(session)
  const { messages, status } = await getSession(app, made.id)
  expect(status).toBe('idle')
  expect(messages.at(-1)).toMatchObject({ role: 'tool', is_error: true })
  await expectGoesOn(app, made.id)
  const copy = await imported(await exported(session))
  expect((await getSession(app, copy)).messages.at(-1)).toMatchObject({ role: 'tool' })
  await expectGoesOn(app, copy)
  await client.POST('/api/sessions/{session}/cancel', of(session))
  await expectGoesOn(app, session)
})

/** A document with each id replaced by the order in which it came. */
function withoutIds(document: Document): unknown {
  const names = new Map<string, string>()
  const name = (id: string) => names.get(id) ?? names.set(id, `id ${names.size}`).get(id)
  for (const { id } of [...document.messages, ...document.runs, ...document.tool_calls]) name(id)
  const { exported_at: _, ...rest } = document
  return JSON.parse(JSON.stringify(rest, (_key, value) => names.get(value) ?? value))
}

test('what is exported and imported is the same but for ids', async () => {
  const { session, second } = await branched()
  const document = await exported(session)
  expect(document.messages).toHaveLength(9)
  expect(document.runs).toHaveLength(3)
  expect(document.tool_calls.map(({ tool, state }) => [tool, state])).toEqual([
    ['think', 'succeeded'],
    ['think', 'succeeded'],
  ])
  const copy = await imported(document)
  expect(withoutIds(await exported(copy))).toEqual(withoutIds(document))
  expect(await textsOf(copy)).toEqual(second.map(({ content }) => content))
  const { data: page } = await client.GET('/api/sessions/{session}/messages', of(copy))
  expect(page.data[2]).toMatchObject({ content: 'Two again', sibling_index: 1, sibling_count: 2 })
  const other = page.data[2]?.previous_sibling_id ?? ''
  const { data: branch } = await client.GET('/api/sessions/{session}/messages', {
    params: { path: { session: copy }, query: { branch: other } },
  })
  expect(branch.data.map(({ content }) => content)).toEqual(['One', 'First', 'Two', 'Second'])
  await client.PATCH('/api/sessions/{session}', {
    ...of(copy),
    body: { leaf_message_id: branch.data[3]?.id ?? '' },
  })
  await expectGoesOn(app, copy)
  expect(shown()).toEqual(['One', 'First', 'Two', 'Second', 'Are you there?'])
  const { data: runs } = await client.GET('/api/sessions/{session}/runs', of(copy))
  expect(runs.data).toHaveLength(4)
  await expectGoesOn(app, session)
})

test('an imported run has no events, and its stream ends', async () => {
  const { session } = await branched()
  const copy = await imported(await exported(session))
  const { data: runs } = await client.GET('/api/sessions/{session}/runs', of(copy))
  const response = await fetch(`${app.url}/api/runs/${runs.data[0]?.id}/events`)
  expect(await response.text()).toBe('')
  expect(response.status).toBe(204)
  await client.DELETE('/api/sessions/{session}', of(copy))
})

test('an old leaf of an imported session is where the conversation goes on', async () => {
  const { session, first } = await branched()
  const document = { ...(await exported(session)), leaf_message_id: first[1]?.id ?? '' }
  const copy = await imported(document)
  expect(await textsOf(copy)).toEqual(['One', 'First'])
  await expectGoesOn(app, copy)
  expect(shown()).toEqual(['One', 'First', 'Are you there?'])
  expect(await textsOf(copy)).toEqual(['One', 'First', 'Are you there?', 'Still here'])
})

const message = (id: string, parent_id: string | null, rest: object = {}) => ({
  id,
  parent_id,
  role: 'user',
  agent_name: null,
  status: 'complete',
  content: id,
  created_at: '2026-01-31T12:00:00.000Z',
  ...rest,
})
const calls = (...ids: string[]) => ({
  role: 'assistant',
  tool_calls: ids.map((id) => ({
    id,
    type: 'function',
    function: { name: 'think', arguments: '{}' },
  })),
})
const result = (tool_call_id: string) => ({ role: 'tool', tool_call_id })

test('calls without results get some on every branch, and are never parted from them', async () => {
  const document = {
    ...(await exported(await newSession(app))),
    messages: [
      message('a', null),
      message('b', 'a', calls('1', '2')),
      message('c', 'b', result('2')),
      message('d', 'c'),
      message('e', 'a', calls('3')),
      message('f', 'b'),
    ],
    leaf_message_id: 'e',
  }
  const copy = await imported(document as Document)
  const { messages } = await getSession(app, copy)
  expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
  await expectGoesOn(app, copy)
  const all = await exported(copy)
  expect(all.messages.filter(({ role }) => role === 'tool')).toHaveLength(5)
  for (const leaf of ['d', 'f', 'b', 'c']) {
    const id = all.messages.find(({ content }) => content === leaf)?.id ?? ''
    await client.PATCH('/api/sessions/{session}', { ...of(copy), body: { leaf_message_id: id } })
    await expectGoesOn(app, copy)
  }
})

test.each([
  ['a missing parent', [message('a', 'b')], 'messages.0.parent_id'],
  ['a cycle', [message('a', 'b'), message('b', 'a')], 'messages.0.parent_id'],
  ['a message that is its own parent', [message('a', 'a')], 'messages.0.parent_id'],
  ['an id twice', [message('a', null), message('a', 'a')], 'messages.1.id'],
  ['a result without a call', [message('a', null, result('1'))], 'messages.0.tool_call_id'],
  [
    'a result twice',
    [
      message('a', null, calls('1')),
      message('b', 'a', result('1')),
      message('c', 'b', result('1')),
    ],
    'messages.2.tool_call_id',
  ],
  ['a call id twice', [message('a', null, calls('1', '1'))], 'messages.0.tool_calls'],
  [
    'calls of a user',
    [message('a', null, { ...calls('1'), role: 'user' })],
    'messages.0.tool_calls',
  ],
  ['an unknown leaf', [message('z', null)], 'leaf_message_id'],
  ['a field too many', [message('a', null, { secret: 1 })], 'messages.0.secret'],
  ['a role that is none', [message('a', null, { role: 'root' })], 'messages.0.role'],
])('a document with %s is refused', async (_, messages, path) => {
  const document = {
    ...(await exported(await newSession(app))),
    messages,
    leaf_message_id: 'a',
  }
  await expect(imported(document as Document)).rejects.toMatchObject({
    status: 422,
    code: 'validation_failed',
    problem: { errors: expect.arrayContaining([expect.objectContaining({ path })]) },
  })
})

test('runs, calls and summaries must belong together, and times must be times', async () => {
  const { session } = await branched()
  const document = await exported(session)
  const [run] = document.runs
  const [call] = document.tool_calls
  const summary = { message_id: 'none', text: 'x', created_at: '2026-01-31T12:00:00.000Z' }
  for (const [broken, path] of [
    [{ runs: [run, run] }, 'runs.1.id'],
    [{ summaries: [summary] }, 'summaries.0.message_id'],
    [{ tool_calls: [{ ...call, run_id: 'none' }] }, 'tool_calls.0.run_id'],
    [{ tool_calls: [{ ...call, state: 'started' }] }, 'tool_calls.0.state'],
    [{ runs: [{ ...run, status: 'running' }] }, 'runs.0.status'],
    [{ runs: [{ ...run, iterations: 2 ** 40 }] }, 'runs.0.iterations'],
    [{ runs: [{ ...run, created_at: 'soon' }] }, 'runs.0.created_at'],
    [{ runs: [{ ...run, created_at: '0000-01-01T00:00:00Z' }] }, 'runs.0.created_at'],
    [
      { runs: [{ ...run, usage: { ...run?.usage, input_tokens: -1 } }] },
      'runs.0.usage.input_tokens',
    ],
    [{ session: { ...document.session, max_iterations: 1e12 } }, 'session.max_iterations'],
    [{ session: { ...document.session, working_dir: '/' } }, 'working_dir'],
  ] as const) {
    const refused = imported({ ...document, ...broken } as unknown as Document)
    await expect(refused).rejects.toMatchObject({
      status: 422,
      problem: { errors: expect.arrayContaining([expect.objectContaining({ path })]) },
    })
  }
})

test('a document may have 10 MiB and no more, and an import acts once', async () => {
  const document = await exported(await newSession(app))
  const big = 'x'.repeat(1024 * 1024)
  const messages = Array.from({ length: 9 }, (_, index) =>
    message(`m${index}`, index === 0 ? null : `m${index - 1}`, { content: big }),
  )
  const large = { ...document, messages, leaf_message_id: 'm8' } as Document
  const post = (body: unknown, key: string) =>
    fetch(`${app.url}/api/sessions/import`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify(body),
    })
  const made = await post(large, 'import-1')
  expect(made.status).toBe(201)
  const { id } = (await made.json()) as { id: string }
  expect(await (await post(large, 'import-1')).json()).toMatchObject({ id })
  const tooLarge = { ...large, messages: [...messages, message('m9', 'm8', { content: big })] }
  const refused = await post(tooLarge, 'import-2')
  expect(refused.status).toBe(413)
  await client.DELETE('/api/sessions/{session}', of(id))
})

test('a session is exported and forked while it runs', async () => {
  const session = await newSession(app)
  const held = Promise.withResolvers<void>()
  model.push({ text: 'One two three', hold: held.promise, holdAfter: 1 })
  const run = await start(app, { session, message: 'Count' })
  await until(app, run.id, 'agent_choice')
  const document = await exported(session)
  expect(document.runs).toEqual([])
  expect(document.messages.map(({ content }) => content)).toEqual(['Count'])
  const made = await fork(session)
  held.resolve()
  await events(run.id)
  expect(await textsOf(made.id)).toEqual(['Count'])
  await expectGoesOn(app, made.id)
  await expectGoesOn(app, session)
})
