import { expect, test } from 'vitest'
import { ApiError, chat } from '#client/index.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import { type App, startApp, textOf } from '../support/app.ts'

const app = await startApp({ lifetime: 'file', flags: ['--allow-host', '127.0.0.1'] })
const { client, model } = app
let made = 0

test('an agent in a few words answers in the next request', async () => {
  const name = newName()
  const { data, response } = await client.POST('/api/agents', {
    body: { name, system_prompt: 'You rhyme.', description: 'Rhymes', version: '1.0.0' },
  })
  expect(response.status).toBe(201)
  expect(response.headers.get('location')).toBe(`/api/agents/${name}`)
  expect(data).toMatchObject({ name, description: 'Rhymes', source: 'database', writable: true })
  const { data: list } = await client.GET('/api/agents')
  expect(list?.map((agent) => agent.name)).toContain(name)
})

test('a whole agent runs with the model and the prompt of its file', async () => {
  const name = await make('You count.')
  model.push({ text: 'One, two' })
  const events = await collect(chat(client, { message: 'Count', agent: name }))
  expect(textOf(events)).toBe('One, two')
  expect(model.requests.at(-1)?.body.messages[0]).toMatchObject({ content: 'You count.' })
})

test('a change counts for the next run, and only what is given changes', async () => {
  const name = await make('You count.')
  const { data } = await client.PUT('/api/agents/{agent}', {
    params: { path: { agent: name } },
    body: { system_prompt: 'You add.', version: '2' },
  })
  expect(data?.config).toMatchObject({
    agents: { root: { model: 'scripted', instruction: 'You add.' } },
    metadata: { version: '2' },
  })
  model.push({ text: 'Three' })
  await collect(chat(client, { message: 'Add', agent: name }))
  expect(model.requests.at(-1)?.body.messages[0]).toMatchObject({ content: 'You add.' })
})

test('a change from an old version is refused', async () => {
  const name = await make('You count.')
  const { response } = await client.GET('/api/agents/{agent}', {
    params: { path: { agent: name } },
  })
  const etag = response.headers.get('etag') ?? ''
  const update = (system_prompt: string) =>
    client.PUT('/api/agents/{agent}', {
      params: { path: { agent: name }, header: { 'if-match': etag } },
      body: { system_prompt },
    })
  expect((await update('First')).response.status).toBe(200)
  expect(await refusalOf(update('Second'))).toMatchObject({ code: 'conflict', status: 409 })
  expect(await promptOf(app, name)).toBe('First')
})

test('of twenty changes with the same guard one is made', async () => {
  const name = await make('You count.')
  const { response } = await client.GET('/api/agents/{agent}', {
    params: { path: { agent: name } },
  })
  const etag = response.headers.get('etag') ?? ''
  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      client.PUT('/api/agents/{agent}', {
        params: { path: { agent: name }, header: { 'if-match': etag } },
        body: { system_prompt: `Prompt ${index}` },
      }),
    ),
  )
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('versions keep who and when, and an old one is restored as a new revision', async () => {
  const name = await make('One')
  await setPrompt(name, 'Two')
  const versions = await listVersions(name)
  expect(
    versions.map(({ revision, change, current, created_by }) => [
      revision,
      change,
      current,
      created_by,
    ]),
  ).toEqual([
    [2, 'updated', true, 'local'],
    [1, 'created', false, 'local'],
  ])
  const path = { agent: name, version: versions[1]?.version ?? '' }
  const { data: first } = await client.GET('/api/agents/{agent}/versions/{version}', {
    params: { path },
  })
  expect(first).toMatchObject({
    version: path.version,
    config: { agents: { root: { instruction: 'One' } } },
  })
  const unknown = client.GET('/api/agents/{agent}/versions/{version}', {
    params: { path: { ...path, version: '0123456789abcdef' } },
  })
  await expect(unknown).rejects.toMatchObject({ status: 404 })
  const { data } = await client.POST('/api/agents/{agent}/versions/{version}/restore', {
    params: { path },
  })
  expect(data?.version).toBe(versions[1]?.version)
  expect(await promptOf(app, name)).toBe('One')
  expect((await listVersions(name)).map(({ change }) => change)).toEqual([
    'restored',
    'updated',
    'created',
  ])
})

test('a run that waits goes on with the version that it began with', async () => {
  const name = await make('One')
  model.push({ toolCalls: [{ name: 'user_prompt', arguments: { message: 'Sure?' } }] })
  const { data } = await client.POST('/api/chat', { body: { message: 'Go', agent: name } })
  const run = data && 'run' in data ? data.run : undefined
  await setPrompt(name, 'Two')
  model.push({ text: 'Done' })
  await client.POST('/api/sessions/{session}/elicitation', {
    params: { path: { session: run?.session_id ?? '' } },
    body: { action: 'decline' },
  })
  await app.events(run?.id ?? '')
  expect(model.requests.at(-1)?.body.messages[0]).toMatchObject({ content: 'One' })
})

test('a deleted agent is gone and its sessions stay', async () => {
  const name = await make('One')
  model.push({ text: 'Hello' })
  await collect(chat(client, { message: 'Hi', agent: name, session_id: name }))
  const path = { path: { agent: name } }
  expect((await client.DELETE('/api/agents/{agent}', { params: path })).response.status).toBe(204)
  expect(await refusalOf(client.GET('/api/agents/{agent}', { params: path }))).toMatchObject({
    code: 'not_found',
  })
  const { data } = await client.GET('/api/sessions/{session}', {
    params: { path: { session: name } },
  })
  expect(data).toMatchObject({ agent: name, messages: [{ content: 'Hi' }, { content: 'Hello' }] })
  const again = await client.POST('/api/agents', { body: { name, system_prompt: 'Again' } })
  expect(again.response.status).toBe(201)
})

test('a duplicate of a file agent may be changed, the file agent not', async () => {
  const name = newName()
  const path = { path: { agent: 'assistant' } }
  const copy = await client.POST('/api/agents/{agent}/duplicate', {
    params: path,
    body: { new_name: name },
  })
  expect(copy.data).toMatchObject({ name, writable: true })
  await setPrompt(name, 'Changed')
  expect(await promptOf(app, name)).toBe('Changed')
  const refused = await refusalOf(
    client.PUT('/api/agents/{agent}', {
      params: path,
      body: { description: 'Mine' },
    }),
  )
  expect(refused).toMatchObject({ code: 'agent_read_only' })
})

test('a name is taken once, over files and the database', async () => {
  const inFile = await refusalOf(
    client.POST('/api/agents', {
      body: { name: 'assistant', system_prompt: 'x' },
    }),
  )
  expect(inFile).toMatchObject({
    code: 'conflict',
    detail: expect.stringContaining('assistant.yaml'),
  })
  const name = await make('One')
  const answers = await Promise.all(
    [1, 2, 3].map(() =>
      refusalOf(client.POST('/api/agents', { body: { name, system_prompt: 'x' } })),
    ),
  )
  expect(answers.map((answer) => answer?.status)).toEqual([409, 409, 409])
})

const refused: [string, object, string][] = [
  ['a command', { toolsets: [{ type: 'mcp', command: 'sh' }] }, 'toolsets.0.command'],
  ['the shell', { toolsets: [{ type: 'shell' }] }, 'toolsets.0.type'],
  ['a path that leaves', { toolsets: [{ type: 'filesystem', path: '../..' }] }, 'toolsets.0.path'],
  ['an absolute path', { toolsets: [{ type: 'filesystem', path: '/etc' }] }, 'toolsets.0.path'],
  ['a file as prompt', { instruction: 'file:/etc/passwd' }, 'instruction'],
  ['prompt files outside', { add_prompt_files: ['/etc/passwd'] }, 'add_prompt_files.0'],
  [
    'a key for somewhere else',
    { toolsets: [{ type: 'web_search', provider: 'brave', url: 'https://a.example' }] },
    'toolsets.0.url',
  ],
  [
    'a variable in a header',
    { toolsets: [{ type: 'a2a', url: 'https://a.example', headers: { 'x-key': '${env.HOME}' } }] },
    'toolsets.0.headers.x-key',
  ],
]

test.each(refused)('over the API an agent may not hold %s', async (_, root, field) => {
  const error = await refusalOf(
    client.POST('/api/agents', {
      body: { name: newName(), config: { agents: { root } } },
    }),
  )
  expect(error).toMatchObject({ code: 'agent_invalid', status: 422 })
  expect(error?.errors?.map(({ path }) => path)).toEqual([`config.agents.root.${field}`])
})

test('over the API no key and no model server of its own choice is named', async () => {
  const error = await refusalOf(
    client.POST('/api/agents', {
      body: {
        name: newName(),
        config: {
          agents: { root: { model: 'mine' } },
          models: { mine: { provider: 'p', model: 'm', base_url: 'http://10.0.0.1/v1' } },
          providers: { p: { base_url: 'https://evil.example/v1', token_key: 'OPENAI_API_KEY' } },
        },
      },
    }),
  )
  expect(error?.errors?.map(({ path }) => path)).toEqual([
    'config.providers.p.token_key',
    'config.providers.p.base_url',
    'config.models.mine.base_url',
  ])
})

test('a reference to nothing is named with its field', async () => {
  const error = await refusalOf(
    client.POST('/api/agents', {
      body: { name: newName(), config: { agents: { root: { sub_agents: ['helper'] } } } },
    }),
  )
  expect(error).toMatchObject({
    code: 'agent_invalid',
    errors: [{ path: 'config.agents.root.sub_agents.0' }],
  })
})

test('secrets in headers are hidden, stay when they are sent back, and do not move', async () => {
  const name = newName()
  const toolset = (url: string, authorization: string) => ({
    type: 'a2a' as const,
    url,
    headers: { authorization },
  })
  const config = (set: ReturnType<typeof toolset>) => ({ agents: { root: { toolsets: [set] } } })
  const secret = 'Bearer abcdef'
  await client.POST('/api/agents', {
    body: { name, config: config(toolset('https://a.example/', secret)) },
  })
  const path = { path: { agent: name } }
  const shown = await client.GET('/api/agents/{agent}/config', { params: path })
  expect(JSON.stringify(shown.data)).not.toContain('abcdef')
  const hidden = config(toolset('https://a.example/', '(hidden)'))
  const same = await client.PUT('/api/agents/{agent}', { params: path, body: { config: hidden } })
  expect(same.data?.version).toBe(shown.response.headers.get('etag')?.replaceAll('"', ''))
  const moved = config(toolset('https://b.example/', '(hidden)'))
  const stolen = await refusalOf(
    client.PUT('/api/agents/{agent}', { params: path, body: { config: moved } }),
  )
  expect(stolen).toMatchObject({ code: 'agent_invalid' })
})

test('while code is off no tool is made, and the tools of toolsets are listed', async () => {
  const name = await make('One')
  const path = { path: { agent: name } }
  const created = await refusalOf(
    client.POST('/api/agents/{agent}/tools', {
      params: path,
      body: { name: 'add', schema_json: '{}', python_code: 'def execute(args): return 1' },
    }),
  )
  expect(created).toMatchObject({ code: 'code_disabled', status: 403 })
  const { data: tools } = await client.GET('/api/agents/{agent}/tools', { params: path })
  expect(tools).toMatchObject([{ name: 'user_prompt', implementation: 'builtin' }])
})

test('this server is the first of its peers', async () => {
  const { data } = await client.GET('/api/peers')
  expect(data?.[0]).toMatchObject({ self: true, live: true })
})

test('agents of the database are there after a restart', async () => {
  const own = await startApp()
  await own.client.POST('/api/agents', { body: { name: 'kept', system_prompt: 'Stay' } })
  await own.restart()
  expect(await promptOf(own, 'kept')).toBe('Stay')
})

function newName(): string {
  made += 1
  return `agent-${made}`
}

/** An agent that the scripted model answers for. */
async function make(instruction: string): Promise<string> {
  const name = newName()
  await client.POST('/api/agents', {
    body: {
      name,
      config: {
        agents: { root: { model: 'scripted', instruction, toolsets: [{ type: 'user_prompt' }] } },
        models: { scripted: { provider: 'scripted', model: 'scripted' } },
        providers: { scripted: { base_url: model.baseUrl } },
      },
    },
  })
  return name
}

async function setPrompt(agent: string, content: string): Promise<void> {
  await client.PUT('/api/agents/{agent}/prompt', {
    params: { path: { agent } },
    body: { content },
  })
}

/** What the server says when it refuses. */
async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof ApiError) return error.problem
  throw error ?? new Error('The server did not refuse')
}

async function promptOf({ client }: Pick<App, 'client'>, agent: string) {
  const { data } = await client.GET('/api/agents/{agent}/prompt', { params: { path: { agent } } })
  return data?.content
}

async function listVersions(agent: string) {
  const { data } = await client.GET('/api/agents/{agent}/versions', { params: { path: { agent } } })
  return data?.data ?? []
}

async function collect(events: AsyncIterable<RuntimeEvent>): Promise<RuntimeEvent[]> {
  const all: RuntimeEvent[] = []
  for await (const event of events) all.push(event)
  return all
}
