import OpenAI from 'openai'
import { expect, onTestFinished, test } from 'vitest'
import { compactRuns } from '#store/compaction.ts'
import type { Database } from '#store/database.ts'
import { expireEvents } from '#store/event-expiry.ts'
import { type App, startApp } from '../support/app.ts'
import { startIdentityProvider } from '../support/identity-provider.ts'

const hello = [{ role: 'user' as const, content: 'Hello!' }]
const locate = {
  type: 'function' as const,
  function: { name: 'locate', parameters: { type: 'object', properties: {} } },
}

function clientOf({ url }: App, apiKey = 'none'): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
}

test("another caller's responses and conversations are not there", async () => {
  const provider = await startIdentityProvider()
  onTestFinished(() => provider.close().then(() => undefined))
  const app = await startApp({ flags: provider.flags })
  const ada = clientOf(app, await provider.person('red', 'ada'))
  const bob = clientOf(app, await provider.person('red', 'bob'))
  app.model.push({ text: 'Hi' })
  const { id: conversation } = await ada.conversations.create()
  const { id } = await ada.responses.create({ model: 'assistant', input: 'Hi', conversation })
  const gone = { status: 404, type: 'invalid_request_error' }
  for (const attempt of [
    () => bob.responses.retrieve(id),
    () => bob.responses.retrieve(id, { stream: true }),
    () => bob.responses.cancel(id),
    () => bob.responses.delete(id),
    () => bob.responses.inputItems.list(id),
    () => bob.responses.create({ model: 'assistant', input: 'x', previous_response_id: id }),
    () => bob.responses.create({ model: 'assistant', input: 'x', conversation }),
    () => bob.conversations.retrieve(conversation),
    () => bob.conversations.update(conversation, { metadata: {} }),
    () => bob.conversations.items.list(conversation),
    () => bob.conversations.delete(conversation),
  ]) {
    await expect(Promise.resolve(attempt())).rejects.toMatchObject(gone)
  }
  expect((await ada.responses.retrieve(id)).output_text).toBe('Hi')
  await expect(clientOf(app, 'wrong').models.list()).rejects.toMatchObject({
    status: 401,
    code: 'invalid_api_key',
  })
})

test("results for another caller's run do not reach it", async () => {
  const provider = await startIdentityProvider()
  onTestFinished(() => provider.close().then(() => undefined))
  const app = await startApp({ flags: provider.flags })
  const ada = clientOf(app, await provider.person('red', 'ada'))
  const bob = clientOf(app, await provider.person('red', 'bob'))
  app.model.push({ toolCalls: [{ id: 'call_l', name: 'locate' }] })
  const request = { model: 'assistant', tools: [locate] }
  const asked = await ada.chat.completions.create({ ...request, messages: hello })
  const answer = asked.choices[0]?.message
  if (!answer) throw new Error('There is no message')
  const id = answer.tool_calls?.[0]?.id ?? ''
  const messages = [...hello, answer, { role: 'tool' as const, tool_call_id: id, content: 'here' }]
  app.model.push({ text: "Bob's." }, { text: "Ada's." })
  const first = await bob.chat.completions.create({ ...request, messages })
  const second = await ada.chat.completions.create({ ...request, messages })
  expect(first.choices[0]?.message.content).toBe("Bob's.")
  expect(second.choices[0]?.message.content).toBe("Ada's.")
})

test('a result comes to its run also when the server was started again meanwhile', async () => {
  const app = await startApp()
  const openai = clientOf(app)
  app.model.push(
    {
      toolCalls: [
        { id: 'call_t', name: 'think', arguments: { thought: 'hm' } },
        { id: 'call_l', name: 'locate' },
      ],
    },
    { text: 'There.' },
  )
  const request = { model: 'assistant', tools: [locate] }
  const asked = await openai.chat.completions.create({ ...request, messages: hello })
  const answer = asked.choices[0]?.message
  if (!answer) throw new Error('There is no message')
  await app.restart()
  const id = answer.tool_calls?.[0]?.id ?? ''
  const messages = [...hello, answer, { role: 'tool' as const, tool_call_id: id, content: 'here' }]
  const told = await openai.chat.completions.create({ ...request, messages, stream: true })
  let text = ''
  for await (const { choices } of told) text += choices[0]?.delta.content ?? ''
  expect(text).toBe('There.')
  const sent = app.model.requests.at(-1)?.body.messages as { role: string }[]
  expect(sent.filter(({ role }) => role === 'tool')).toHaveLength(2)
})

test('who goes away stops a chat, but not a background response', async () => {
  const app = await startApp()
  const openai = clientOf(app)
  app.model.push({ text: ['One ', 'two'], hold: true }, { text: ['One ', 'two'], hold: true })
  const chat = await openai.chat.completions.create({
    model: 'assistant',
    messages: hello,
    stream: true,
  })
  for await (const { choices } of chat) if (choices[0]?.delta.content) break
  expect(await app.model.requests.at(-1)?.ended).toBe('aborted')
  const stream = await openai.responses.create({
    model: 'assistant',
    input: 'Count',
    background: true,
    stream: true,
  })
  let id = ''
  for await (const event of stream) {
    if (event.type === 'response.created') id = event.response.id
    if (event.type === 'response.output_text.delta') break
  }
  app.model.release()
  const rest = await openai.responses.retrieve(id, { stream: true })
  for await (const event of rest) {
    if (event.type === 'response.completed') expect(event.response.status).toBe('completed')
  }
  expect((await openai.responses.retrieve(id)).output_text).toBe('One two')
})

test('one response at a time in a conversation; the second is told to wait', async () => {
  const app = await startApp()
  const openai = clientOf(app)
  app.model.push({ text: ['One ', 'two'], hold: true })
  const { id: conversation } = await openai.conversations.create()
  const request = { model: 'assistant', conversation }
  const first = await openai.responses.create({ ...request, input: 'Count', background: true })
  const second = { ...request, input: 'More' }
  await expect(openai.responses.create(second)).rejects.toMatchObject({
    status: 409,
    code: 'session_busy',
  })
  const behind = { model: 'assistant', input: 'x', previous_response_id: first.id }
  await expect(openai.responses.create(behind)).rejects.toMatchObject({ status: 409 })
  await openai.conversations.delete(conversation)
  await expect(openai.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 })
})

test('with --dialect-approvals wait a call waits for another door', async () => {
  const app = await startApp({ flags: ['--dialect-approvals', 'wait'] })
  const openai = clientOf(app)
  app.model.push(
    { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] },
    { text: 'Written.' },
  )
  const request = { model: 'assistant', input: 'Write', background: true }
  const { id } = await openai.responses.create(request)
  const stream = await openai.responses.retrieve(id, { stream: true })
  const approval = await firstApproval(app)
  expect((await openai.responses.retrieve(id)).status).toBe('in_progress')
  const behind = { model: 'assistant', input: 'x', previous_response_id: id }
  await expect(openai.responses.create(behind)).rejects.toMatchObject({ status: 409 })
  await app.client.POST('/api/approvals/{approval}', {
    params: { path: { approval } },
    body: { decision: 'approve' },
  })
  const types: string[] = []
  for await (const { type } of stream) types.push(type)
  expect(types).toContain('response.mcp_call.completed')
  expect((await openai.responses.retrieve(id)).output_text).toBe('Written.')
})

test('a response whose events are not kept any more is gone, and its conversation goes on', async () => {
  const app = await startApp()
  const openai = clientOf(app)
  app.model.push({ text: 'First' }, { text: 'Second' })
  const { id } = await openai.responses.create({ model: 'assistant', input: 'One' })
  await app.restart(passTwoMonths)
  const gone = { status: 410, code: 'events_expired' }
  await expect(openai.responses.retrieve(id)).rejects.toMatchObject(gone)
  await expect(openai.responses.retrieve(id, { stream: true })).rejects.toMatchObject(gone)
  const behind = { model: 'assistant', input: 'Two', previous_response_id: id }
  expect((await openai.responses.create(behind)).output_text).toBe('Second')
  expect(app.model.requests.at(-1)?.body.messages).toHaveLength(3)
})

test('a client comes back to its place also when the log was compacted since', async () => {
  const app = await startApp()
  const openai = clientOf(app)
  app.model.push({ text: ['One ', 'two ', 'three ', 'four'], delayPerChunk: 5 })
  const request = { model: 'assistant', input: 'Count', background: true, stream: true as const }
  let id = ''
  const numbers: number[] = []
  let text = ''
  const behind = new Map<number, string>()
  for await (const event of await openai.responses.create(request)) {
    if (event.type === 'response.created') id = event.response.id
    if (event.type === 'response.output_text.delta') text += event.delta
    numbers.push(event.sequence_number)
    behind.set(event.sequence_number, text)
  }
  await app.restart((database) => compactRuns(database, { olderThan: -60, limit: 100 }))
  for (const starting_after of numbers) {
    let rest = behind.get(starting_after)
    const stream = await openai.responses.retrieve(id, { stream: true, starting_after })
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') rest += event.delta
    }
    expect(rest).toBe('One two three four')
  }
})

async function passTwoMonths(database: Database): Promise<void> {
  const earlier = (column: string) => `${column} = ${column} - interval '60 days'`
  await database.query(`update runs set ${earlier('finished_at')}`, [])
  await database.query(`update events set ${earlier('created_at')}`, [])
  await expireEvents(database, { olderThan: 30 * 24 * 60 * 60, limit: 100 })
}

async function firstApproval({ client }: App): Promise<string> {
  for (;;) {
    const { data } = await client.GET('/api/approvals')
    const [approval] = data.data
    if (approval) return approval.id
  }
}
