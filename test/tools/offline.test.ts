import { createContext, Script } from 'node:vm'
import { expect, test } from 'vitest'
import type { ToolCall } from '#contract/message.ts'
import { createOfflineModel } from '#providers/offline.ts'
import { readRequest } from '#providers/offline-requests.ts'
import { checkArguments } from '#runtime/arguments.ts'
import type { ModelDelta, ModelRequest, PromptMessage } from '#runtime/model.ts'

const toolNames = [
  'read_file',
  'list_directory',
  'directory_tree',
  'search_files_content',
  'write_file',
  'create_directory',
  'create_todo',
  'update_todos',
  'list_todos',
  'user_prompt',
  'fetch',
  'think',
  'transfer_task',
  'show_map',
]

function toolsOf(names: string[]): ModelRequest['tools'] {
  return names.map((name) => ({ name, description: '', parameters: { type: 'object' } }))
}

async function ask(messages: PromptMessage[], own: Partial<ModelRequest> = {}) {
  const deltas: ModelDelta[] = []
  const request = {
    messages,
    tools: toolsOf(toolNames),
    thinking: false,
    signal: new AbortController().signal,
    ...own,
  }
  const answer = await createOfflineModel().respond(request, (delta) => {
    deltas.push(delta)
    return undefined
  })
  return { answer, deltas }
}

function user(content: string): PromptMessage {
  return { role: 'user', content }
}

/** A conversation in which a tool was called and has answered. */
function answered(name: string, args: Record<string, unknown>, content: string) {
  const call: ToolCall = {
    id: 'call_1',
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }
  return (extra: Record<string, unknown> = {}): PromptMessage[] => [
    user('do it'),
    { role: 'assistant', content: '', tool_calls: [call] },
    { role: 'tool', content, tool_call_id: 'call_1', ...extra },
  ]
}

test.each([
  ['list the files', 'list_directory', {}],
  ['Please list files in docs.', 'list_directory', { path: 'docs' }],
  ['what is in the workspace?', 'list_directory', {}],
  ['ls', 'list_directory', {}],
  ['show the tree', 'directory_tree', {}],
  ['read README.md', 'read_file', { path: 'README.md' }],
  ['Show me the file "docs/a.md", please!', 'read_file', { path: 'docs/a.md' }],
  ['search for TODO in src', 'search_files_content', { query: 'TODO', path: 'src' }],
  ['write notes.md with Hello there.', 'write_file', { path: 'notes.md', content: 'Hello there.' }],
  ['create a file a.md containing "x\ny"', 'write_file', { path: 'a.md', content: 'x\ny' }],
  ['save buy milk to list.txt', 'write_file', { path: 'list.txt', content: 'buy milk' }],
  ['create the folder a/b', 'create_directory', { path: 'a/b' }],
  ['remember to water the plants', 'create_todo', { description: 'water the plants' }],
  ['add a todo: call Bob', 'create_todo', { description: 'call Bob' }],
  ['what are my todos?', 'list_todos', {}],
  ['finish todo_2', 'update_todos', { updates: [{ id: 'todo_2', status: 'completed' }] }],
  ['ask me something', 'user_prompt', { message: 'What would you like to say?' }],
  ['ask me: how old?', 'user_prompt', { message: 'how old?' }],
  ['fetch https://example.org/a?b', 'fetch', { urls: ['https://example.org/a?b'] }],
  ['think about it', 'think', { thought: 'it' }],
  [
    'delegate to researcher: find out.',
    'transfer_task',
    { agent: 'researcher', task: 'find out.', expected_output: 'A short answer' },
  ],
  ['call show_map with {"place":{"x":1}}', 'show_map', { place: { x: 1 } }],
  ['call list_todos', 'list_todos', {}],
])('%j calls %s', async (text, name, args) => {
  const { answer } = await ask([user(text)])
  expect(answer.finishReason).toBe('tool_calls')
  expect(answer.toolCalls).toHaveLength(1)
  expect(answer.toolCalls[0]?.function.name).toBe(name)
  expect(JSON.parse(answer.toolCalls[0]?.function.arguments ?? '')).toEqual(args)
})

test('the deltas are the answer, piece by piece', async () => {
  const { answer, deltas } = await ask([user('read a.md')])
  const text = deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join('')
  expect(text).toBe(answer.content)
  expect(deltas.length).toBeGreaterThan(20)
  const [call] = answer.toolCalls
  expect(deltas.at(-1)).toEqual({ type: 'tool_call', index: 0, id: call?.id, ...call?.function })
})

test('how to set a model is said once in a conversation', async () => {
  const first = await ask([user('hello')])
  expect(first.answer.content).toContain('OPENAI_API_KEY')
  expect(first.answer.content).toContain('OPENAI_BASE_URL=http://127.0.0.1:11434/v1')
  expect(first.answer.content).toContain('model: openai/gpt-5-mini')
  const said: PromptMessage = { role: 'assistant', content: first.answer.content }
  const second = await ask([user('hello'), said, user('hello')])
  expect(second.answer.content).not.toContain('OPENAI_API_KEY')
  expect(second.answer.content).toMatch(/^Hello!/)
})

test('what is not understood gets the requests that work with this agent', async () => {
  const { answer } = await ask([user('compose a symphony')], {
    tools: toolsOf(['read_file', 'list_todos']),
  })
  expect(answer.finishReason).toBe('stop')
  expect(answer.content).toContain(
    'With this agent these requests work:\n\n- what are my todos\n- read README.md\n- call NAME with {…} (any tool: read_file, list_todos)',
  )
})

test('a tool that the agent does not have is never called', async () => {
  for (const text of ['write a.md with x', 'call write_file with {"path":"a"}']) {
    const { answer } = await ask([user(text)], { tools: toolsOf(['read_file']) })
    expect(answer.toolCalls).toEqual([])
    expect(answer.content).toContain(
      'write_file, which this agent does not have. It has: read_file.',
    )
  }
  const { answer } = await ask([user('read a.md')], { tools: [] })
  expect(answer.content).toContain('It has no tools.')
})

test('arguments that are not JSON are told', async () => {
  const { answer } = await ask([user('call show_map with {place}')])
  expect(answer.content).toContain('is not a JSON object')
})

test.each([
  ['list_directory', { path: 'docs' }, 'a.md\nb/', 'docs holds:\n\na.md\nb/'],
  ['read_file', { path: 'a.md' }, 'text', 'a.md says:\n\ntext'],
  ['write_file', { path: 'a' }, 'a was created: 1 bytes.', 'Done. a was created: 1 bytes.'],
  ['list_todos', {}, 'There are no todos.', 'There are no todos.'],
  ['user_prompt', {}, '{"action":"accept","content":{"answer":"7"}}', 'You answered: 7.'],
  ['user_prompt', {}, '{"action":"decline","content":null}', 'You chose not to answer (decline).'],
  ['transfer_task', { agent: 'helper' }, 'done', 'helper answers:\n\ndone'],
  ['show_map', {}, 'shown', 'show_map answered:\n\nshown'],
])('the result of %s is told in a sentence', async (name, args, output, sentence) => {
  const { answer } = await ask(answered(name, args, output)())
  expect(answer.finishReason).toBe('stop')
  expect(answer.content.endsWith(`\n\n${sentence}`)).toBe(true)
})

test('a refused call is told with its reason, a failed one with what failed', async () => {
  const refused = answered('write_file', { path: 'a' }, 'The user rejected the call: not now')
  expect((await ask(refused({ is_error: true }))).answer.content).toMatch(
    /write_file was not called\. The user rejected the call: not now$/,
  )
  const failed = answered('read_file', { path: 'a' }, 'a does not exist.')
  expect((await ask(failed({ is_error: true }))).answer.content).toMatch(
    /read_file failed: a does not exist\.$/,
  )
})

test('the results of several calls are all told', async () => {
  const calls = ['a', 'b'].map((id): ToolCall => {
    return { id, type: 'function', function: { name: 'read_file', arguments: `{"path":"${id}"}` } }
  })
  const results = calls.map(({ id }): PromptMessage => {
    return { role: 'tool', content: `text of ${id}`, tool_call_id: id }
  })
  const asked: PromptMessage = { role: 'assistant', content: '', tool_calls: calls }
  const { answer } = await ask([user('both'), asked, ...results])
  expect(answer.content).toMatch(/a says:\n\ntext of a\n\nb says:\n\ntext of b$/)
})

test('a long result is shown by its first lines', async () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`)
  const { answer } = await ask(answered('read_file', { path: 'a' }, lines.join('\n'))())
  expect(answer.content).toMatch(/line 39\n… and 60 more lines$/)
})

test('the same request gets the same answer, another turn other call ids', async () => {
  const messages = [user('list the files')]
  const [first, second] = [await ask(messages), await ask(messages)]
  expect(second).toEqual(first)
  const { answer } = await ask([...messages, { role: 'assistant', content: 'x' }, ...messages])
  expect(answer.toolCalls[0]?.id).not.toBe(first.answer.toolCalls[0]?.id)
})

test('tokens are estimated and a price is unknown', async () => {
  const { answer } = await ask([user('hello')])
  expect(answer.usage?.input_tokens).toBeGreaterThan(0)
  expect(answer.usage?.output_tokens).toBe(Math.ceil(answer.content.length / 4))
  expect(createOfflineModel()).toMatchObject({ id: 'offline/parley', price: null, offline: true })
})

test('a stopped answer ends with the reason of the signal, in the middle of the text', async () => {
  const stop = new AbortController()
  const request = { messages: [user('hello')], tools: [], thinking: false, signal: stop.signal }
  let deltas = 0
  const answer = createOfflineModel().respond(request, () => {
    deltas += 1
    if (deltas === 6) stop.abort(new Error('enough'))
    return undefined
  })
  await expect(answer).rejects.toThrow('enough')
  expect(deltas).toBe(6)
})

test('a full journal is waited for', async () => {
  let waiting = 0
  let most = 0
  const request = {
    messages: [user('hello')],
    tools: [],
    thinking: false,
    signal: new AbortController().signal,
  }
  await createOfflineModel().respond(request, async () => {
    waiting += 1
    most = Math.max(most, waiting)
    await new Promise<void>((resolve) => setImmediate(resolve))
    waiting -= 1
  })
  expect(most).toBe(1)
})

test.each([
  { type: 'object', required: ['a'], properties: { a: { type: 'string', minLength: 30 } } },
  { type: 'object', required: ['a'], properties: { a: { type: 'string', maxLength: 3 } } },
  { type: 'object', required: ['a'], properties: { a: { enum: ['x', 'y'] } } },
  { type: 'object', required: ['a'], properties: { a: { const: 5 } } },
  { type: 'object', required: ['a'], properties: { a: { type: ['string', 'null'] } } },
  { type: 'object', required: ['a'], properties: { a: { type: 'integer', minimum: 3 } } },
  { type: 'object', required: ['a'], properties: { a: { type: 'number', exclusiveMaximum: -1 } } },
  {
    type: 'object',
    required: ['a'],
    properties: { a: { type: 'integer', multipleOf: 7, minimum: 8 } },
  },
  { type: 'object', required: ['a'], properties: { a: { type: 'string', format: 'date-time' } } },
  { type: 'object', required: ['a'], properties: { a: { type: 'string', format: 'email' } } },
  { type: 'array', minItems: 2, items: { type: 'boolean' } },
  { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false },
  {
    anyOf: [{ type: 'object', required: ['b'] }, { type: 'string' }],
    properties: { b: { type: 'null' } },
  },
  {
    allOf: [{ required: ['a'] }, { required: ['b'] }],
    properties: { a: { type: 'integer' }, b: {} },
  },
  {
    $ref: '#/$defs/a',
    $defs: { a: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } } },
  },
  {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        required: ['next'],
        properties: { next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
      },
    },
  },
])('a structured answer fits its schema: %j', async (schema) => {
  const { answer } = await ask([user('Lunch with Ann at noon')], {
    responseFormat: { type: 'json_schema', json_schema: { name: 'x', schema } },
  })
  expect(checkArguments(schema, JSON.parse(answer.content))).toEqual([])
  expect(answer.finishReason).toBe('stop')
})

test('json_object gives an object that says what the text would', async () => {
  const { answer } = await ask([user('hello')], { responseFormat: { type: 'json_object' } })
  expect(JSON.parse(answer.content).message).toMatch(/^Hello!/)
})

test.each([
  `write ${' '.repeat(3900)}x`,
  `write ${' \n'.repeat(1900)}`,
  `write x${' with'.repeat(780)}`,
  `save ${'a to '.repeat(700)}`,
  `search ${' in a'.repeat(700)}\n`,
  `search ${' '.repeat(3900)}\n`,
  `please${' please'.repeat(500)}`,
  `list ${'the '.repeat(900)}`,
  `call x with {${'{'.repeat(3900)}`,
  `hello${'.'.repeat(3900)}x`,
  'x'.repeat(1_000_000),
])('the rules come to an end on %.24j', (text) => {
  const run = () => readRequest(text, toolsOf(toolNames))
  const readInTime = new Script('run()')
  const understood = readInTime.runInContext(createContext({ run }), { timeout: 2000 })
  expect(['fault', 'call', 'unknown', 'greeting']).toContain(understood.type)
})
