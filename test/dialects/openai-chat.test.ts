import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

const app = await startApp({ lifetime: 'file' })
const { url, model } = app
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })

const weather: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
const hello = [{ role: 'user' as const, content: 'Hello!' }]
const usage = { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 }

test('the agents are the models', async () => {
  const { data } = await openai.models.list()
  expect(data).toEqual([{ id: 'assistant', object: 'model', created: 0, owned_by: 'parley' }])
  expect(await openai.models.retrieve('assistant')).toMatchObject({ id: 'assistant' })
  expect(await openai.models.retrieve('assistant/root')).toMatchObject({ id: 'assistant/root' })
  await expect(openai.models.retrieve('gpt-9')).rejects.toMatchObject({
    status: 404,
    code: 'model_not_found',
    param: 'model',
    type: 'invalid_request_error',
  })
})

test('a completion is answered whole, with its usage', async () => {
  model.push({ text: 'Hello there!', usage })
  const completion = await openai.chat.completions.create({
    model: 'assistant',
    messages: [{ role: 'developer', content: 'Be brief.' }, ...hello],
    temperature: 0.2,
  })
  expect(completion).toMatchObject({
    id: expect.stringMatching(/^chatcmpl-/),
    object: 'chat.completion',
    model: 'assistant',
    choices: [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello there!' } },
    ],
    usage,
  })
})

test('a stream gives the text in pieces, then its end and the usage that was asked for', async () => {
  model.push({ text: ['Hel', 'lo'], usage })
  const stream = await openai.chat.completions.create({
    model: 'assistant',
    messages: hello,
    stream: true,
    stream_options: { include_usage: true },
  })
  const chunks = await all(stream)
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello')
  expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant' })
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage })
})

test('the frames of curl end with [DONE], and without stream_options none tells the usage', async () => {
  model.push({ text: 'Hi' })
  const text = await (
    await post('/chat/completions', { model: 'assistant', messages: hello, stream: true })
  ).text()
  expect(text.trimEnd().split('\n\n').at(-1)).toBe('data: [DONE]')
  expect(text).not.toContain('usage')
})

test('the history of a conversation reaches the model and nothing of it runs again', async () => {
  model.push({ text: 'Zurich, I said.' })
  await openai.chat.completions.create({
    model: 'assistant',
    messages: [
      { role: 'user', content: 'Where?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'think', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'Zurich' },
      { role: 'assistant', content: 'In Zurich.' },
      { role: 'user', content: 'Again?' },
    ],
  })
  expect(lastMessages().map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'tool',
    'assistant',
    'user',
  ])
})

test("the caller's tool is called, and its result goes to the run that waits", async () => {
  model.push(
    {
      toolCalls: [
        { id: 'call_t', name: 'think', arguments: { thought: 'hm' } },
        { id: 'call_w', name: 'get_weather', arguments: { city: 'Bern' } },
      ],
    },
    { text: 'Sunny.' },
  )
  const request = { model: 'assistant', tools: [weather] }
  const first = await openai.chat.completions.create({ ...request, messages: hello })
  const [choice] = first.choices
  expect(choice?.finish_reason).toBe('tool_calls')
  expect(choice?.message.content).toBeNull()
  expect(choice?.message.tool_calls).toMatchObject([
    { type: 'function', function: { name: 'get_weather', arguments: '{"city":"Bern"}' } },
  ])
  if (!choice) throw new Error('There is no choice')
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    ...hello,
    choice.message,
    {
      role: 'tool',
      tool_call_id: choice.message.tool_calls?.[0]?.id ?? '',
      content: 'sunny',
    },
  ]
  const second = await openai.chat.completions.create({ ...request, messages })
  expect(second.choices[0]?.message.content).toBe('Sunny.')
  expect(second.id).not.toBe(first.id)
  // What the server's own tool gave is still there.
  expect(toolMessages().map(({ tool_call_id }) => tool_call_id)).toEqual(['call_t', 'call_w'])

  // Sent once more there is no run that waits: the history is all there is.
  model.push({ text: 'Sunny still.' })
  const again = await openai.chat.completions.create({ ...request, messages })
  expect(again.choices[0]?.message.content).toBe('Sunny still.')
  expect(toolMessages().map(({ tool_call_id }) => tool_call_id)).toEqual(['call_w'])
})

test('results of a conversation whose beginning was changed do not go to the old run', async () => {
  model.push({ toolCalls: [{ id: 'call_w', name: 'get_weather', arguments: { city: 'Bern' } }] })
  const request = { model: 'assistant', tools: [weather] }
  const first = await openai.chat.completions.create({ ...request, messages: hello })
  model.push({ text: 'Other.' })
  const message = first.choices[0]?.message
  if (!message) throw new Error('There is no message')
  await openai.chat.completions.create({
    ...request,
    messages: [
      { role: 'user', content: 'Changed' },
      message,
      { role: 'tool', tool_call_id: message.tool_calls?.[0]?.id ?? '', content: 'rain' },
    ],
  })
  expect(lastMessages()[0]?.content).toBe('Changed')
})

test('runTools of the official client works through its loop', async () => {
  model.push(
    { toolCalls: [{ name: 'get_weather', arguments: { city: 'Bern' } }] },
    { toolCalls: [{ name: 'get_weather', arguments: { city: 'Basel' } }] },
    { text: 'Both sunny.' },
  )
  const asked: string[] = []
  const runner = openai.chat.completions.runTools({
    model: 'assistant',
    messages: hello,
    stream: true,
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: 'The weather',
          parameters: { type: 'object', properties: { city: { type: 'string' } } },
          parse: (text: string): { city: string } => JSON.parse(text),
          function: ({ city }: { city: string }) => {
            asked.push(city)
            return 'sunny'
          },
        },
      },
    ],
  })
  expect(await runner.finalContent()).toBe('Both sunny.')
  expect(asked).toEqual(['Bern', 'Basel'])
})

test('images reach the model', async () => {
  model.push({ text: 'A dot.' })
  const url =
    'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  const image = { type: 'image_url' as const, image_url: { url, detail: 'low' as const } }
  await openai.chat.completions.create({
    model: 'assistant',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, image] }],
  })
  expect(lastMessages()[0]?.content).toContainEqual(image)
})

test('a structured output is the last answer alone', async () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } } }
  model.push(
    { text: 'Let me see.', toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] },
    { text: '{"city":"Bern"}' },
  )
  const completion = await openai.chat.completions.parse({
    model: 'assistant',
    messages: hello,
    response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } },
  })
  expect(completion.choices[0]?.message.parsed).toEqual({ city: 'Bern' })
})

test('a call that must be approved is denied, since nobody here can', async () => {
  model.push(
    { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] },
    { text: 'I may not.' },
  )
  const completion = await openai.chat.completions.create({ model: 'assistant', messages: hello })
  expect(completion.choices[0]?.message.content).toBe('I may not.')
  expect(toolMessages()[0]?.content).toContain('needs an approval')
})

test('a question of the agent is told as its answer', async () => {
  model.push({ toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which city?' } }] })
  const completion = await openai.chat.completions.create({ model: 'assistant', messages: hello })
  expect(completion.choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: 'Which city?' },
  })
})

test('a model that fails is an error, whole and in a stream, that is not sent again', async () => {
  model.push({ fault: { kind: 'status', status: 400 } }, { fault: { kind: 'status', status: 400 } })
  const patient = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 2 })
  const asked = model.requests.length
  const failed = patient.chat.completions.create({ model: 'assistant', messages: hello })
  await expect(failed).rejects.toMatchObject({ status: 500, type: 'server_error' })
  expect(model.requests).toHaveLength(asked + 1)
  const stream = await openai.chat.completions.create({
    model: 'assistant',
    messages: hello,
    stream: true,
  })
  await expect(all(stream)).rejects.toMatchObject({ type: 'server_error' })
})

test.each<[string, object, string | null]>([
  ['no messages', {}, 'messages'],
  ['an empty list', { messages: [] }, 'messages'],
  ['an unknown role', { messages: [{ role: 'bot', content: 'x' }] }, 'messages.0.role'],
  ['two answers', { messages: hello, n: 2 }, 'n'],
  ['functions', { messages: hello, functions: [{ name: 'f' }] }, 'functions'],
  ['sound', { messages: hello, modalities: ['text', 'audio'] }, 'modalities'],
  ['logprobs', { messages: hello, logprobs: true }, 'logprobs'],
  ['a forced tool', { messages: hello, tool_choice: 'required' }, 'tool_choice'],
  ['a tool of another kind', { messages: hello, tools: [{ type: 'custom' }] }, 'tools.0.type'],
  ['a stream that is no boolean', { messages: hello, stream: 'yes' }, 'stream'],
  [
    'a result without its call',
    { messages: [...hello, { role: 'tool', tool_call_id: 'x', content: '' }] },
    'messages.1.tool_call_id',
  ],
  [
    'a path as an image',
    {
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: '/etc/passwd' } }] },
      ],
    },
    'messages.0.content.0.image_url.url',
  ],
  [
    'an answer at the end',
    { messages: [...hello, { role: 'assistant', content: 'x' }] },
    'messages',
  ],
])('%s is refused with the name of the field', async (_, fields, param) => {
  const answer = await post('/chat/completions', { model: 'assistant', ...fields })
  expect(answer.status).toBe(400)
  expect(await answer.json()).toEqual({
    error: { message: expect.any(String), type: 'invalid_request_error', param, code: null },
  })
})

test('what is no JSON and what is nowhere is refused in its own shape', async () => {
  const headers = { 'Content-Type': 'application/json' }
  const half = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: '{"a' })
  expect(half.status).toBe(400)
  expect(await half.json()).toMatchObject({ error: { code: 'invalid_json' } })
  const nowhere = await fetch(`${url}/v1/nothing`)
  expect([nowhere.status, await nowhere.json()]).toMatchObject([
    404,
    { error: { type: 'invalid_request_error' } },
  ])
})

function post(path: string, body: object): Promise<Response> {
  return fetch(`${url}/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function all<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item)
  return items
}

type Told = { role: string; content: unknown; tool_call_id?: string }

/** What the model was told last. */
function lastMessages(): Told[] {
  const messages = model.requests.at(-1)?.body.messages as Told[] | undefined
  return (messages ?? []).filter(({ role }) => role !== 'system')
}

function toolMessages(): Told[] {
  return lastMessages().filter(({ role }) => role === 'tool')
}
