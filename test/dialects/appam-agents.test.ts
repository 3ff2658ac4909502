import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openCodeRunner } from '#tools/code/code-runner.ts'
import { startApp } from '../support/app.ts'
import { startModelServer } from '../support/model-server.ts'
import { createAppamClient } from './appam-client.ts'

const runner = await openCodeRunner({ isEnabled: true, size: 1 })
const { python } = runner.support
await runner.close()

const home = await mkdtemp(join(tmpdir(), 'parley-appam-'))
afterAll(() => rm(home, { recursive: true, force: true }))
// Agents that are made here have no providers of their own.
const openai = await startModelServer()
afterAll(() => openai.close())
const { url, model, client } = await startApp({
  lifetime: 'file',
  environment: { OPENAI_API_KEY: 'test', OPENAI_BASE_URL: openai.baseUrl },
  flags: ['--enable-code', '--agents-writable', home],
})
const { call, chat, send } = createAppamClient(`${url}/compat/appam`)

const documented = {
  name: 'my-agent',
  model: 'anthropic/claude-sonnet-4-5',
  description: 'A helpful assistant',
  version: '1.0.0',
  system_prompt: 'You are a helpful assistant.',
}
const info = {
  name: 'my-agent',
  model: 'anthropic/claude-sonnet-4-5',
  description: 'A helpful assistant',
  version: '1.0.0',
  tool_count: 0,
  tools: [],
}
const ok = [200, { success: true }]

test('an agent is made, listed, shown, changed and removed', async () => {
  expect(await call('POST', '/api/agents', documented)).toEqual([200, info])
  expect(await call('GET', '/api/agents/my-agent')).toEqual([200, info])
  const [, agents] = await call('GET', '/api/agents')
  expect(agents).toMatchObject([{ name: 'assistant', model: 'scripted' }, info])
  const changed = { ...info, model: 'anthropic/claude-haiku-4', description: 'Updated description' }
  const update = { model: changed.model, description: changed.description, version: null }
  expect(await call('PUT', '/api/agents/my-agent', update)).toEqual([200, changed])
  const cleared = { ...changed, description: null, version: null }
  const empty = { model: '', description: '', version: '' }
  expect(await call('PUT', '/api/agents/my-agent', empty)).toEqual([200, cleared])
  expect(await call('DELETE', '/api/agents/my-agent')).toEqual(ok)
  const gone = [404, { error: 'Agent not found: my-agent' }]
  expect(await call('GET', '/api/agents/my-agent')).toEqual(gone)
  expect(await call('PUT', '/api/agents/my-agent', {})).toEqual(gone)
  expect(await call('DELETE', '/api/agents/my-agent')).toEqual(gone)
})

test('an agent without a model has the default one of the server', async () => {
  const [, made] = await call('POST', '/api/agents', { name: 'plain', system_prompt: '' })
  const { data: models } = await client.GET('/api/models')
  const usual = models?.find(({ is_default }) => is_default)
  expect(made).toMatchObject({ model: usual?.id, description: null, version: null })
})

test('an agent that is made here is a directory in its layout', async () => {
  await call('POST', '/api/agents', { name: 'kept', system_prompt: 'You keep.', version: '2' })
  const toml = await readFile(join(home, 'kept', 'kept.toml'), 'utf8')
  expect(toml).toBe('[agent]\nname = "kept"\nsystem_prompt = "prompt.txt"\nversion = "2"\n')
  expect(await readFile(join(home, 'kept', 'prompt.txt'), 'utf8')).toBe('You keep.')
  expect(await call('GET', '/api/agents/kept/config')).toEqual([
    200,
    {
      name: 'kept',
      config_toml: toml,
      config_parsed: {
        agent: {
          name: 'kept',
          model: null,
          system_prompt: 'prompt.txt',
          description: null,
          version: '2',
        },
        tools: [],
      },
      prompt_content: 'You keep.',
      tools_details: [],
      base_path: 'agents/kept',
    },
  ])
})

test('quotes and line breaks in fields stay what they are', async () => {
  const description = 'Says "hi"\nmodel = "other"'
  await call('POST', '/api/agents', { name: 'quoted', system_prompt: 'x', description })
  expect(await call('GET', '/api/agents/quoted')).toMatchObject([200, { description }])
})

test('an agent of a YAML file has a TOML too', async () => {
  const [status, config] = await call('GET', '/api/agents/assistant/config')
  expect([status, config]).toMatchObject([
    200,
    {
      config_toml: expect.stringMatching(/^\[agent\]\nname = "assistant"\nmodel = "scripted"\n/),
      config_parsed: { agent: { name: 'assistant', description: 'Helps', version: null } },
    },
  ])
  expect(config).toHaveProperty(
    'tools_details',
    expect.arrayContaining([
      expect.objectContaining({ name: 'think', implementation_type: 'builtin', code: null }),
    ]),
  )
  const refused = await call('PUT', '/api/agents/assistant', { description: 'Mine' })
  expect(refused).toEqual([409, { error: expect.stringContaining('--agents-writable') }])
})

test('a prompt is plain text, and the next run has the new one', async () => {
  const prompt = 'You add.\nBe "brief".'
  await call('POST', '/api/agents', { name: 'prompted', system_prompt: prompt })
  const shown = await send('GET', '/api/agents/prompted/prompt')
  expect(shown.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(await shown.text()).toBe(prompt)
  expect(await call('PUT', '/api/agents/prompted/prompt', { content: 'New' })).toEqual(ok)
  expect(await (await send('GET', '/api/agents/prompted/prompt')).text()).toBe('New')
  expect((await call('PUT', '/api/agents/prompted/prompt', {}))[0]).toBe(400)
  expect((await call('GET', '/api/agents/nobody/prompt'))[0]).toBe(404)
})

test('a copy has what the first one has, and its own name', async () => {
  await call('POST', '/api/agents', { ...documented, name: 'first' })
  const copy = { new_name: 'my-agent-copy' }
  const path = '/api/agents/first/duplicate'
  expect(await call('POST', path, copy)).toEqual([200, { ...info, name: 'my-agent-copy' }])
  expect(await call('POST', path, copy)).toEqual([400, { error: expect.stringMatching(/already/) }])
  expect(await call('POST', path, { new_name: 'up/and/away' })).toEqual([
    400,
    { error: 'Invalid agent name: Agent name cannot contain path separators' },
  ])
  expect(await call('POST', '/api/agents/nobody/duplicate', { new_name: 'x' })).toEqual([
    404,
    { error: 'Agent not found: nobody' },
  ])
})

test('reload reads the named agent again', async () => {
  await call('POST', '/api/agents', { name: 'again', system_prompt: 'x' })
  expect(await call('POST', '/api/agents/again/reload')).toEqual([200, { reloaded_count: 1 }])
  expect(await call('POST', '/api/agents/nobody/reload')).toEqual([
    404,
    { error: 'Agent not found: nobody' },
  ])
})

test('names, duplicates and half bodies are refused with 400', async () => {
  const create = async (body: object) => call('POST', '/api/agents', body)
  const invalid = (reason: string) => [400, { error: `Invalid agent name: Agent name ${reason}` }]
  const named = (name: string) => create({ name, system_prompt: 'x' })
  expect(await named('')).toEqual(invalid('cannot be empty'))
  expect(await named('.hidden')).toEqual(invalid('cannot start with a dot'))
  expect(await named('a/b')).toEqual(invalid('cannot contain path separators'))
  expect(await named('a..b')).toEqual(invalid("cannot contain '..'"))
  expect(await named('a b')).toEqual(
    invalid('can only contain alphanumeric characters, hyphens, and underscores'),
  )
  expect(await named('assistant')).toEqual([400, { error: expect.stringMatching(/already/) }])
  expect(await create({ name: 'half' })).toEqual([
    400,
    { error: expect.stringMatching(/^system_prompt/) },
  ])
  expect(await create({ name: 'half', system_prompt: 1 })).toMatchObject([400, {}])
})

test('statistics count agents and sessions', async () => {
  const [, before] = await call('GET', '/api/stats')
  model.push({ text: 'Hi' })
  await chat('/api/agents/assistant/chat', 'Hello')
  const [, agents] = await call('GET', '/api/agents')
  const agent_count = Array.isArray(agents) ? agents.length : 0
  expect(before).toEqual({ agent_count, session_count: 0 })
  expect(await call('GET', '/api/stats')).toEqual([200, { agent_count, session_count: 1 }])
})

test('without a directory agents live in the database, and without code tools are refused', async () => {
  const { url, restart } = await startApp()
  const { call } = createAppamClient(`${url}/compat/appam`)
  await call('POST', '/api/agents', documented)
  await restart()
  expect(await call('GET', '/api/agents/my-agent')).toEqual([200, info])
  expect(await call('GET', '/api/agents/my-agent/config')).toMatchObject([
    200,
    {
      config_toml: expect.stringMatching(/^\[agent\]\nname = "my-agent"\n/),
      config_parsed: { agent: { model: info.model, description: info.description } },
      prompt_content: documented.system_prompt,
    },
  ])
  const tool = { name: 'my_tool', schema_json: '{}', python_code: 'def execute(args): pass' }
  expect(await call('POST', '/api/agents/my-agent/tools', tool)).toEqual([
    403,
    { error: expect.stringContaining('--enable-code') },
  ])
  expect(await call('GET', '/api/agents/my-agent')).toEqual([200, info])
})

const title = python.isAvailable ? 'Python' : `Python (skipped: ${python.why})`
describe.skipIf(!python.isAvailable)(title, () => {
  const schema_json = '{"type": "object", "properties": {"input": {"type": "string"}}}'
  const python_code = 'def run(input: str) -> str:\n    return input.upper()'

  test('the documented tool is made, shown, called, changed and removed', async () => {
    await makeScripted('tooled')
    const tool = { name: 'my_tool', schema_json, python_code }
    expect(await call('POST', '/api/agents/tooled/tools', tool)).toEqual(ok)
    expect(await call('POST', '/api/agents/tooled/tools', tool)).toEqual([
      400,
      { error: "Tool 'my_tool' already exists" },
    ])
    const [, shown] = await call('GET', '/api/agents/tooled/tools/my_tool')
    expect(shown).toEqual({
      name: 'my_tool',
      schema_json: expect.any(String),
      implementation_type: 'python',
      code: python_code,
    })
    expect(await call('GET', '/api/agents/tooled')).toMatchObject([
      200,
      { tool_count: 1, tools: ['my_tool'] },
    ])
    expect(await callTool('tooled', { input: 'paris' })).toEqual('PARIS')
    const execute = { python_code: 'def execute(args):\n    return {"n": len(args["input"])}' }
    expect(await call('PUT', '/api/agents/tooled/tools/my_tool', execute)).toEqual(ok)
    expect(await callTool('tooled', { input: 'paris' })).toEqual({ n: 5 })
    const entry = {
      name: 'my_tool',
      schema: 'tools/my_tool.json',
      implementation: { type: 'python', script: 'tools/my_tool.py' },
    }
    expect(await call('GET', '/api/agents/tooled/config')).toMatchObject([
      200,
      { config_parsed: { tools: [entry] }, tools_details: [{ name: 'my_tool' }] },
    ])
    expect(await call('DELETE', '/api/agents/tooled/tools/my_tool')).toEqual(ok)
    expect(await call('GET', '/api/agents/tooled/tools/my_tool')).toEqual([
      404,
      { error: 'Tool not found: my_tool' },
    ])
  })

  test('a full tool description is a schema too', async () => {
    await makeScripted('described')
    const described = {
      type: 'function',
      name: 'my_tool',
      description: 'Shouts',
      parameters: { type: 'object', properties: { input: { type: 'string' } } },
    }
    const schema_json = JSON.stringify(described)
    await call('POST', '/api/agents/described/tools', { name: 'my_tool', schema_json, python_code })
    expect(await callTool('described', { input: 'a' })).toEqual('A')
    const [tool] = openai.requests.at(-1)?.body.tools ?? []
    expect(tool).toMatchObject({ function: { description: 'Shouts' } })
  })

  test('a wrong tool is refused, and the agent stays as it was', async () => {
    await makeScripted('safe')
    const create = (tool: object, agent = 'safe') =>
      call('POST', `/api/agents/${agent}/tools`, tool)
    const good = { name: 'my_tool', schema_json, python_code }
    const refused = [400, { error: expect.any(String) }]
    expect(await create({ ...good, name: 'a b' })).toEqual([
      400,
      { error: expect.stringMatching(/^Invalid tool name: /) },
    ])
    expect(await create({ ...good, schema_json: '{"type":' })).toEqual(refused)
    expect(await create({ ...good, python_code: 'def run(:' })).toEqual(refused)
    expect(await create({ name: 'my_tool' })).toEqual(refused)
    expect(await create(good, 'nobody')).toEqual([404, { error: 'Agent not found: nobody' }])
    expect(await call('GET', '/api/agents/safe')).toMatchObject([200, { tools: [] }])
    expect(await call('PUT', '/api/agents/safe/tools/none', {})).toEqual([
      404,
      { error: 'Tool not found: none' },
    ])
    expect(await call('DELETE', '/api/agents/assistant/tools/think')).toEqual(refused)
  })

  test('a tool that raises is a tool_call_failed, and the run goes on', async () => {
    await makeScripted('raising')
    const raises = 'def execute(args):\n    raise ValueError("no")'
    await call('POST', '/api/agents/raising/tools', {
      name: 'my_tool',
      schema_json,
      python_code: raises,
    })
    openai.push({ toolCalls: [{ name: 'my_tool', arguments: {} }] }, { text: 'Sorry' })
    const frames = await chat('/api/agents/raising/chat', 'Go')
    expect(frames).toContainEqual({
      type: 'tool_call_failed',
      tool_name: 'my_tool',
      error: expect.stringContaining('ValueError: no'),
    })
    expect(frames.at(-1)).toEqual({ type: 'done' })
  })
})

async function makeScripted(name: string): Promise<void> {
  await call('POST', '/api/agents', { name, system_prompt: 'x', model: 'openai/scripted' })
}

/** What a call of `my_tool` gave, as the stream shows it. */
async function callTool(agent: string, args: Record<string, unknown>): Promise<unknown> {
  openai.push({ toolCalls: [{ name: 'my_tool', arguments: args }] }, { text: 'Done' })
  const frames = await chat(`/api/agents/${agent}/chat`, 'Go')
  return frames.find(({ type }) => type === 'tool_call_completed')?.result
}
