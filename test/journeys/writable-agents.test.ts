import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ApiError } from '#client/index.ts'
import { startApp } from '../support/app.ts'

const home = await mkdtemp(join(tmpdir(), 'parley-writable-'))
afterAll(() => rm(home, { recursive: true, force: true }))
const directory = join(home, 'agents')
const { client } = await startApp({ lifetime: 'file', flags: ['--agents-writable', directory] })

const commented = `# The handbook's agent
agents:
  # Answers
  root:
    description: Answers # shortly
    instruction: |
      You answer.
      Be kind.
    toolsets:
      - type: think # first
      # then files
      - type: filesystem
        path: ./handbook
      - { type: mcp, command: cat }
  helper: { description: Helps }
providers:
  local: { base_url: http://127.0.0.1:1/v1, token_key: LOCAL_KEY } # ours
`

test('a change is written into the YAML, and the comments stay', async () => {
  await write('a1.yaml', commented)
  const params = await served('a1')
  const { data } = await client.PUT('/api/agents/{agent}', {
    params,
    body: { description: 'Explains', model: 'auto', system_prompt: 'You explain.\nBe brief.\n' },
  })
  expect(data).toMatchObject({ description: 'Explains', writable: true })
  expect(await read('a1.yaml')).toBe(
    commented
      .replace('description: Answers #', 'description: Explains #')
      .replace('You answer.\n      Be kind.', 'You explain.\n      Be brief.')
      .replace('command: cat }\n', 'command: cat }\n    model: auto\n'),
  )
})

test('toolsets are added and removed in place', async () => {
  await write('a2.yaml', commented)
  const params = await served('a2')
  const { data } = await client.GET('/api/agents/{agent}', { params })
  const config = structuredClone(data?.config)
  if (!config?.agents.root?.toolsets) throw new Error('no toolsets')
  config.agents.root.toolsets.splice(0, 1)
  config.agents.root.toolsets.push({ type: 'todo' })
  await client.PUT('/api/agents/{agent}', { params, body: { config } })
  expect(await read('a2.yaml')).toBe(
    commented
      .replace('      - type: think # first\n', '')
      .replace('command: cat }\n', 'command: cat }\n      - type: todo\n'),
  )
})

test('a prompt in a file of its own is written there', async () => {
  await write('prompt.md', 'Old')
  await write('a3.yaml', 'agents: { root: { instruction: "file:prompt.md" } } # mine\n')
  const params = await served('a3')
  await client.PUT('/api/agents/{agent}/prompt', { params, body: { content: 'New' } })
  expect(await read('prompt.md')).toBe('New')
  expect(await read('a3.yaml')).toBe('agents: { root: { instruction: "file:prompt.md" } } # mine\n')
  const { data } = await client.GET('/api/agents/{agent}/prompt', { params })
  expect(data).toEqual({ content: 'New' })
})

test('a prompt outside the directory is not written', async () => {
  const outside = join(directory, '..', 'outside.md')
  await writeFile(outside, 'Old')
  await symlink(outside, join(directory, 'link.md'))
  await write('a4.yaml', 'agents: { root: { instruction: "file:link.md" } }\n')
  const params = await served('a4')
  const call = client.PUT('/api/agents/{agent}/prompt', { params, body: { content: 'New' } })
  expect(await refusalOf(call)).toMatchObject({ code: 'agent_read_only' })
  expect(await readFile(outside, 'utf8')).toBe('Old')
})

test('what the operator wrote may stay, and nobody adds to it over the API', async () => {
  await write('a5.yaml', commented)
  const params = await served('a5')
  const { data } = await client.GET('/api/agents/{agent}', { params })
  const config = structuredClone(data?.config)
  config?.agents.root?.toolsets?.push({ type: 'mcp', command: 'sh' })
  if (!config) throw new Error('no config')
  const call = client.PUT('/api/agents/{agent}', { params, body: { config } })
  expect(await refusalOf(call)).toMatchObject({
    code: 'agent_invalid',
    errors: [{ path: 'config.agents.root.toolsets.3.command' }],
  })
  expect(await read('a5.yaml')).toBe(commented)
})

test('a change that aliases stand in the way of is refused and nothing is written', async () => {
  const text = `agents:
  root: { toolsets: &sets [{ type: think }] }
  other: { toolsets: *sets }
`
  await write('a6.yaml', text)
  const params = await served('a6')
  const config = {
    agents: {
      root: { toolsets: [{ type: 'think' as const }] },
      other: { toolsets: [{ type: 'todo' as const }] },
    },
  }
  const call = client.PUT('/api/agents/{agent}', { params, body: { config } })
  expect(await refusalOf(call)).toMatchObject({ code: 'agent_invalid' })
  expect(await read('a6.yaml')).toBe(text)
})

test('a new agent is a YAML file, and a deleted one is gone at once', async () => {
  await client.POST('/api/agents', { body: { name: 'fresh', system_prompt: 'Hi\nyou' } })
  expect(await read('fresh.yaml')).toBe(
    'agents:\n  root:\n    instruction: |-\n      Hi\n      you\n',
  )
  const params = { path: { agent: 'fresh' } }
  await client.DELETE('/api/agents/{agent}', { params })
  expect(await refusalOf(client.GET('/api/agents/{agent}', { params }))).toMatchObject({
    code: 'not_found',
  })
  expect(await readdir(directory)).not.toContain('fresh.yaml')
})

test('versions of a file begin with what was found, and are restored into it', async () => {
  await write('a8.yaml', 'agents: { root: { description: One } } # mine\n')
  const params = await served('a8')
  await client.PUT('/api/agents/{agent}', { params, body: { description: 'Two' } })
  const { data } = await client.GET('/api/agents/{agent}/versions', { params })
  expect(data?.data.map(({ change, current }) => [change, current])).toEqual([
    ['updated', true],
    ['found', false],
  ])
  const version = data?.data[1]?.version ?? ''
  await client.POST('/api/agents/{agent}/versions/{version}/restore', {
    params: { path: { ...params.path, version } },
  })
  expect(await read('a8.yaml')).toBe('agents: { root: { description: One } } # mine\n')
})

test('a broken file keeps its version, and a reload says what is wrong', async () => {
  await write('a9.yaml', 'agents: { root: { description: One } }\n')
  const params = await served('a9')
  await write('a9.yaml', 'agents: { root: { descripton: Two } }\n')
  const call = client.POST('/api/agents/{agent}/reload', { params })
  expect(await refusalOf(call)).toMatchObject({
    code: 'agent_invalid',
    detail: expect.stringContaining('did you mean description?'),
  })
  const { data } = await client.GET('/api/agents/{agent}', { params })
  expect(data?.description).toBe('One')
  await write('a9.yaml', 'agents: { root: { description: Three } }\n')
  const again = await client.POST('/api/agents/{agent}/reload', { params })
  expect(again.data?.description).toBe('Three')
})

test('a TOML agent with its prompt is read, changed and removed in its layout', async () => {
  const toml = tomlAgent('bard')
  await mkdir(join(directory, 'poet'))
  await write('poet/agent.toml', toml)
  await write('poet/prompt.txt', 'You rhyme.')
  await write('poet/notes.md', 'Not part of it')
  await write('pyproject.toml', '[project]\nname = "else"\n')
  const params = await served('bard')
  const { data } = await client.GET('/api/agents/{agent}/config', { params })
  expect(data).toMatchObject({ format: 'toml', text: toml, prompt: 'You rhyme.' })
  await client.PUT('/api/agents/{agent}/prompt', { params, body: { content: 'You sing.' } })
  expect(await read('poet/prompt.txt')).toBe('You sing.')
  expect(await read('poet/agent.toml')).toBe(toml)
  await client.PUT('/api/agents/{agent}', { params, body: { description: 'A "quoted"\nline' } })
  const changed = await client.GET('/api/agents/{agent}', { params })
  expect(changed.data?.description).toBe('A "quoted"\nline')
  expect(await read('poet/agent.toml')).toContain('owner = "me"')
  await client.DELETE('/api/agents/{agent}', { params })
  expect(await readdir(join(directory, 'poet'))).toEqual(['notes.md'])
})

test('a duplicate of a TOML agent has the same layout', async () => {
  await write('solo.toml', tomlAgent('solo'))
  await write('prompt.txt', 'You rhyme.')
  const params = await served('solo')
  await client.POST('/api/agents/{agent}/duplicate', { params, body: { new_name: 'copy' } })
  expect((await readdir(join(directory, 'copy'))).sort()).toEqual(['copy.toml', 'prompt.txt'])
  expect(await read('copy/copy.toml')).toContain('name = "copy"')
  const { data } = await client.GET('/api/agents/{agent}/prompt', {
    params: { path: { agent: 'copy' } },
  })
  expect(data).toEqual({ content: 'You rhyme.' })
})

test('what a TOML agent cannot hold is refused by name', async () => {
  const toml = tomlAgent('narrow')
  await write('narrow.toml', toml)
  await write('prompt.txt', 'You rhyme.')
  const params = await served('narrow')
  const config = { agents: { root: { instruction: 'You rhyme.', max_iterations: 3 } } }
  const call = client.PUT('/api/agents/{agent}', { params, body: { config } })
  expect(await refusalOf(call)).toMatchObject({
    errors: [{ path: 'config.agents.root.max_iterations' }],
  })
  expect(await read('narrow.toml')).toBe(toml)
})

const tomlAgent = (name: string) => `# A poet
[agent]
name = "${name}"
system_prompt = "prompt.txt"
description = "Rhymes"
version = "1.0"
owner = "me"
`

function read(name: string): Promise<string> {
  return readFile(join(directory, name), 'utf8')
}

function write(name: string, text: string): Promise<void> {
  return writeFile(join(directory, name), text)
}

/** Has the server look at a file that was just written. */
async function served(agent: string) {
  const params = { path: { agent } }
  await client.POST('/api/agents/{agent}/reload', { params })
  return params
}

async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof ApiError) return error.problem
  throw error ?? new Error('The server did not refuse')
}
