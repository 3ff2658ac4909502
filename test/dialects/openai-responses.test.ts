import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

const app = await startApp({ lifetime: 'file' })
const { url, model, client } = app
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })

const weather = {
  type: 'function' as const,
  name: 'get_weather',
  description: 'The weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: null,
}

test('a response is created whole, and retrieved as it was', async () => {
  model.push({ text: 'Hello there!', usage: { prompt_tokens: 11, completion_tokens: 3 } })
  const response = await openai.responses.create({
    model: 'assistant',
    instructions: 'Be brief.',
    input: 'Hello!',
    metadata: { topic: 'greeting' },
  })
  expect(response.output_text).toBe('Hello there!')
  expect(response).toMatchObject({
    id: expect.stringMatching(/^resp_/),
    object: 'response',
    status: 'completed',
    model: 'assistant',
    instructions: 'Be brief.',
    metadata: { topic: 'greeting' },
    usage: { input_tokens: 11, output_tokens: 3, total_tokens: 14 },
  })
  expect(await openai.responses.retrieve(response.id)).toEqual(response)
})

test('a stream tells each item and each piece, and numbers them', async () => {
  model.push(
    {
      reasoning: 'Think.',
      text: 'Let me see.',
      toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }],
    },
    { text: ['Do', 'ne'] },
  )
  const events = await all(
    await openai.responses.create({ model: 'assistant', input: 'Go', stream: true }),
  )
  expect(events.map(({ type }) => type).filter(isOnce)).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.reasoning_summary_part.added',
    'response.reasoning_summary_text.delta',
    'response.reasoning_summary_text.done',
    'response.reasoning_summary_part.done',
    'response.output_item.done',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.output_item.added',
    'response.mcp_call.in_progress',
    'response.mcp_call_arguments.delta',
    'response.mcp_call_arguments.done',
    'response.mcp_call.completed',
    'response.output_item.done',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ])
  const numbers = events.map(({ sequence_number }) => sequence_number)
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  const last = events.at(-1)
  if (last?.type !== 'response.completed') throw new Error('The response is not complete')
  expect(last.response.output.map(({ type }) => type)).toEqual([
    'reasoning',
    'message',
    'mcp_call',
    'message',
  ])
})

test("the official client's own accumulation ends at the same response", async () => {
  model.push({ toolCalls: [{ id: 'call_s', name: 'get_weather', arguments: { city: 'Bern' } }] })
  const stream = openai.responses.stream({
    model: 'assistant',
    input: 'Weather?',
    tools: [weather],
  })
  const final = await stream.finalResponse()
  expect(final.output).toMatchObject([
    { type: 'function_call', call_id: 'call_s', name: 'get_weather', arguments: '{"city":"Bern"}' },
  ])
  expect((await openai.responses.retrieve(final.id)).output).toMatchObject([
    { type: 'function_call', call_id: 'call_s' },
  ])
})

test('a response that follows another goes on in its session', async () => {
  model.push({ text: 'Bern.' }, { text: 'It is.' })
  const first = await openai.responses.create({ model: 'assistant', input: 'The capital?' })
  const second = await openai.responses.create({
    model: 'assistant',
    input: 'Sure?',
    previous_response_id: first.id,
  })
  expect(second.previous_response_id).toBe(first.id)
  expect(spoken()).toEqual(['The capital?', 'Bern.', 'Sure?'])
})

test('two responses may follow the same one, and neither sees the other', async () => {
  model.push({ text: 'Bern.' }, { text: 'One.' }, { text: 'Two.' })
  const first = await openai.responses.create({ model: 'assistant', input: 'The capital?' })
  const behind = (input: string) =>
    openai.responses.create({ model: 'assistant', input, previous_response_id: first.id })
  await behind('A?')
  const second = await behind('B?')
  expect(second.output_text).toBe('Two.')
  expect(spoken()).toEqual(['The capital?', 'Bern.', 'B?'])
})

test("outputs of the caller's functions make the next response of the same run", async () => {
  model.push(
    { toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: { city: 'Bern' } }] },
    { toolCalls: [{ id: 'call_2', name: 'get_weather', arguments: { city: 'Basel' } }] },
    { text: 'Both sunny.' },
  )
  const ask = { model: 'assistant', tools: [weather] }
  const first = await openai.responses.create({ ...ask, input: 'Weather?' })
  const forgot = { ...ask, previous_response_id: first.id, input: 'And?' }
  await expect(openai.responses.create(forgot)).rejects.toMatchObject({ status: 400 })
  const output = (call_id: string) => ({
    type: 'function_call_output' as const,
    call_id,
    output: 'sunny',
  })
  const second = await openai.responses.create({
    ...ask,
    previous_response_id: first.id,
    input: [output('call_1')],
  })
  expect(second.output).toMatchObject([{ type: 'function_call', call_id: 'call_2' }])
  const events = await all(
    await openai.responses.create({
      ...ask,
      previous_response_id: second.id,
      input: [output('call_2')],
      stream: true,
    }),
  )
  const last = events.at(-1)
  if (last?.type !== 'response.completed') throw new Error('The response is not complete')
  expect(last.response).toMatchObject({ previous_response_id: second.id })
  const third = await openai.responses.retrieve(last.response.id)
  expect(third.output_text).toBe('Both sunny.')
  expect(new Set([first.id, second.id, third.id]).size).toBe(3)
  expect(await openai.responses.retrieve(first.id)).toEqual(first)
  const nextId = third.id.replace(/_2$/, '_3')
  const behind = openai.responses.retrieve(nextId, { stream: true })
  await expect(behind).rejects.toMatchObject({ status: 404 })
  const items = await all(openai.responses.inputItems.list(third.id))
  expect(items).toMatchObject([{ type: 'function_call_output', call_id: 'call_2' }])
  const twice = { ...ask, previous_response_id: first.id, input: [output('call_1')] }
  await expect(openai.responses.create(twice)).rejects.toMatchObject({ status: 409 })
})

test('a message beside the outputs is told to the model after them', async () => {
  model.push(
    { toolCalls: [{ id: 'call_m', name: 'get_weather', arguments: { city: 'Bern' } }] },
    { text: 'Noted.' },
  )
  const ask = { model: 'assistant', tools: [weather] }
  const first = await openai.responses.create({ ...ask, input: 'Weather?' })
  const second = await openai.responses.create({
    ...ask,
    previous_response_id: first.id,
    input: [
      { type: 'function_call_output', call_id: 'call_m', output: 'sunny' },
      { role: 'user', content: 'In Celsius.' },
    ],
  })
  expect(second.output_text).toBe('Noted.')
  expect(spoken()).toEqual(['Weather?', '', 'sunny', 'In Celsius.'])
})

test('a history that comes whole, with items of earlier outputs, is not run again', async () => {
  model.push({ text: 'Sunny.' })
  const asked = model.requests.length
  const response = await openai.responses.create({
    model: 'assistant',
    store: false,
    input: [
      { role: 'user', content: 'Weather?' },
      { type: 'function_call', call_id: 'call_h', name: 'get_weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_h', output: 'sunny' },
    ],
    tools: [weather],
  })
  expect(response.output_text).toBe('Sunny.')
  expect(model.requests).toHaveLength(asked + 1)
  expect(spoken()).toEqual(['Weather?', '', 'sunny'])
  await expect(openai.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 })
})

test('a background response is followed from any number, also after a restart', async () => {
  let release = () => {}
  const hold = new Promise<void>((resolve) => {
    release = resolve
  })
  model.push({ text: ['One ', 'two ', 'three'], hold })
  const begun = await openai.responses.create({
    model: 'assistant',
    input: 'Count',
    background: true,
  })
  expect(begun).toMatchObject({ status: 'in_progress', background: true, output: [] })
  const live = await openai.responses.retrieve(begun.id, { stream: true })
  release()
  const events = await all(live)
  await app.restart()
  const again = await all(await openai.responses.retrieve(begun.id, { stream: true }))
  expect(again).toEqual(events)
  for (const { sequence_number } of events) {
    const rest = await openai.responses.retrieve(begun.id, {
      stream: true,
      starting_after: sequence_number,
    })
    expect(await all(rest)).toEqual(
      events.filter((event) => event.sequence_number > sequence_number),
    )
  }
  expect((await openai.responses.retrieve(begun.id)).output_text).toBe('One two three')
})

test('a background response can be cancelled, another cannot', async () => {
  model.push({ text: ['One ', 'two'], hold: true }, { text: 'Hi' })
  const begun = await openai.responses.create({
    model: 'assistant',
    input: 'Count',
    background: true,
  })
  expect(await openai.responses.cancel(begun.id)).toMatchObject({ status: 'cancelled' })
  expect(await openai.responses.cancel(begun.id)).toMatchObject({ status: 'cancelled' })
  const whole = await openai.responses.create({ model: 'assistant', input: 'Hi' })
  await expect(openai.responses.cancel(whole.id)).rejects.toMatchObject({ status: 400 })
})

test('a deleted response is gone, those of its conversation are not', async () => {
  model.push({ text: 'One' }, { text: 'Two' })
  const first = await openai.responses.create({ model: 'assistant', input: '1' })
  const second = await openai.responses.create({
    model: 'assistant',
    input: '2',
    previous_response_id: first.id,
  })
  await openai.responses.delete(first.id)
  await expect(openai.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 })
  expect((await openai.responses.retrieve(second.id)).output_text).toBe('Two')
  await expect(openai.responses.delete(first.id)).rejects.toMatchObject({ status: 404 })
})

test('the input items of a response are what it was given', async () => {
  model.push({ text: 'Hi' })
  const response = await openai.responses.create({
    model: 'assistant',
    input: [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'input_text', text: 'Hello!' }] },
    ],
  })
  const items = await all(openai.responses.inputItems.list(response.id, { order: 'asc', limit: 1 }))
  expect(items).toMatchObject([
    { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be brief.' }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello!' }] },
  ])
})

test('a structured output is parsed by the official client', async () => {
  model.push(
    { text: 'Let me see.', toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] },
    { text: '{"city":"Bern"}' },
  )
  const response = await openai.responses.parse({
    model: 'assistant',
    input: 'Where?',
    text: {
      format: {
        type: 'json_schema',
        name: 'place',
        schema: { type: 'object', properties: { city: { type: 'string' } } },
      },
    },
  })
  expect(response.output_parsed).toEqual({ city: 'Bern' })
})

test('a call that must be approved fails with what says so', async () => {
  model.push(
    { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] },
    { text: 'I may not.' },
  )
  const { output } = await openai.responses.create({ model: 'assistant', input: 'Write' })
  expect(output[0]).toMatchObject({
    type: 'mcp_call',
    status: 'failed',
    error: { content: expect.stringContaining('needs an approval') },
  })
})

test('a question of the agent is its answer, and who goes on leaves it', async () => {
  model.push(
    { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which city?' } }] },
    { text: 'Bern it is.' },
  )
  const first = await openai.responses.create({ model: 'assistant', input: 'Weather?' })
  expect([first.status, first.output_text]).toEqual(['completed', 'Which city?'])
  const second = await openai.responses.create({
    model: 'assistant',
    input: 'Bern',
    previous_response_id: first.id,
  })
  expect(second.output_text).toBe('Bern it is.')
})

test('a model that fails is an error, and in a stream the end of the response', async () => {
  model.push({ fault: { kind: 'status', status: 400 } }, { fault: { kind: 'status', status: 400 } })
  const failed = openai.responses.create({ model: 'assistant', input: 'Hi' })
  await expect(failed).rejects.toMatchObject({ status: 500, type: 'server_error' })
  const events = await all(
    await openai.responses.create({ model: 'assistant', input: 'Hi', stream: true }),
  )
  expect(events.at(-1)).toMatchObject({
    type: 'response.failed',
    response: { status: 'failed', error: { code: 'server_error' } },
  })
})

test('responses of a conversation share it with every other door', async () => {
  const conversation = await openai.conversations.create({
    metadata: { topic: 'demo' },
    items: [
      { type: 'message', role: 'user', content: 'I am Ann.' },
      { type: 'message', role: 'assistant', content: 'Hello Ann.' },
    ],
  })
  expect(conversation).toMatchObject({
    id: expect.stringMatching(/^conv_/),
    object: 'conversation',
    metadata: { topic: 'demo' },
  })
  model.push({ text: 'Ann.' })
  const response = await openai.responses.create({
    model: 'assistant',
    conversation: conversation.id,
    input: 'Who am I?',
  })
  expect(response.conversation).toEqual({ id: conversation.id })
  const items = await all(
    openai.conversations.items.list(conversation.id, { order: 'asc', limit: 3 }),
  )
  expect(items.map((item) => item.type === 'message' && item.role)).toEqual([
    'user',
    'assistant',
    'user',
    'assistant',
  ])
  const [item] = items
  const place = { conversation_id: conversation.id }
  expect(await openai.conversations.items.retrieve(item?.id ?? '', place)).toEqual(item)
  const session = conversation.id.replace('conv_', 'ses_')
  const { data } = await client.GET('/api/sessions/{session}/messages', {
    params: { path: { session } },
  })
  expect(data?.data).toHaveLength(4)
})

test('a conversation is changed and removed', async () => {
  const { id } = await openai.conversations.create()
  model.push({ text: 'Hi' })
  await openai.responses.create({ model: 'assistant', conversation: { id }, input: 'Hello' })
  const changed = await openai.conversations.update(id, { metadata: { a: 'b' } })
  expect(changed.metadata).toEqual({ a: 'b' })
  const more = { items: [{ type: 'message' as const, role: 'user' as const, content: 'x' }] }
  await expect(openai.conversations.items.create(id, more)).rejects.toMatchObject({ status: 400 })
  expect(await openai.conversations.delete(id)).toEqual({
    id,
    object: 'conversation.deleted',
    deleted: true,
  })
  await expect(openai.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 })
})

test.each<[string, object, number, string | null]>([
  ['an input of a wrong kind', { input: 7 }, 400, 'input'],
  ['nothing to say', { input: [] }, 400, 'input'],
  ['an unknown item', { input: [{ type: 'item_reference', id: 'x' }] }, 400, 'input.0.type'],
  ['an unknown role', { input: [{ role: 'bot', content: '' }] }, 400, 'input.0.role'],
  ['a tool of another kind', { input: 'x', tools: [{ type: 'web_search' }] }, 400, 'tools.0.type'],
  ['a lost background', { input: 'x', background: true, store: false }, 400, 'store'],
  ['an unknown model', { input: 'x', model: 'gpt-9' }, 404, 'model'],
  ['an unknown conversation', { input: 'x', conversation: 'conv_x' }, 404, null],
  ['an unknown response', { input: 'x', previous_response_id: 'resp_x' }, 404, null],
  [
    'both at once',
    { input: 'x', previous_response_id: 'resp_x', conversation: 'c' },
    400,
    'previous_response_id',
  ],
])('%s is refused', async (_, fields, status, param) => {
  const answer = await fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'assistant', ...fields }),
  })
  expect([answer.status, await answer.json()]).toMatchObject([
    status,
    { error: { type: 'invalid_request_error', param } },
  ])
})

async function all<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item)
  return items
}

/** How many pieces a text comes in is the journal's affair. */
function isOnce(type: string, index: number, types: string[]): boolean {
  return !type.endsWith('.delta') || types[index - 1] !== type
}

/** What the model was told last, without the prompt. */
function spoken(): unknown[] {
  const messages = (model.requests.at(-1)?.body.messages ?? []) as {
    role: string
    content: unknown
  }[]
  return messages.filter(({ role }) => role !== 'system').map(({ content }) => content ?? '')
}
