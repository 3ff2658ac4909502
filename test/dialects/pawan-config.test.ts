import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readPawanConfig } from '../../src/pawan-config.ts'
import { startApp } from '../support/app.ts'

const own = `
provider = "scripted"
model = "qwen/qwen3.5"
temperature = 0.25
max_tokens = 321
theme = "dark"

[permissions]
write_file = "allow"
edit_file = "prompt"
read_file = "deny"

[healing]
max_attempts = 3
`
/** Its file allows what `pawan.toml` wants to be asked about. */
const assistant = `
agents:
  root:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }]
permissions:
  allow: ["edit_*"]
`
const write = { name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }

test('pawan.toml of the workspace holds for the agent that answers for pawan, also after a restart', async () => {
  const { url, model, restart } = await startApp({
    agents: { assistant },
    prepare: (directory) => writeFile(join(directory, 'pawan.toml'), own),
  })
  const ask = (path: string, message: string) =>
    post(`${url}/compat/pawan/${path}`, { message, session_id: 'mine' })
  model.push({ toolCalls: [write] }, { text: 'Written.' })
  expect(await ask('chat', 'Write')).toMatchObject([200, { content: 'Written.', tool_calls: 1 }])
  expect(model.requests[0]?.body).toMatchObject({
    model: 'qwen/qwen3.5',
    temperature: 0.25,
    max_tokens: 321,
  })
  expect(lastResult(model.requests)).not.toContain('approval')

  const edit = {
    name: 'edit_file',
    arguments: { path: 'a.txt', edits: [{ old_text: 'x', new_text: 'y' }] },
  }
  const read = { name: 'read_file', arguments: { path: 'a.txt' } }
  model.push({ toolCalls: [edit] }, { toolCalls: [read] }, { text: 'I may not.' })
  await ask('chat', 'Change it')
  const results = model.requests.at(-1)?.body.messages.filter(({ role }) => role === 'tool')
  expect(results?.slice(-2).map(({ content }) => content)).toEqual([
    expect.stringContaining('needs an approval'),
    expect.stringContaining('deny this call'),
  ])
  const models = await (await fetch(`${url}/compat/pawan/models`)).json()
  expect(models.models[0]).toEqual({
    name: 'qwen/qwen3.5',
    provider: 'scripted',
    is_default: true,
  })

  await restart()
  model.push({ text: 'Still here.' })
  await ask('chat', 'And now?')
  expect(model.requests.at(-1)?.body).toMatchObject({ model: 'qwen/qwen3.5', temperature: 0.25 })

  model.push({ text: 'As ever.' })
  const chat = await post(`${url}/api/chat`, { message: 'Hi' }, { Accept: 'application/json' })
  expect(chat[0]).toBe(200)
  expect(model.requests.at(-1)?.body).not.toHaveProperty('temperature')
  expect(model.requests.at(-1)?.body.model).toBe('scripted')
})

test('--config names another file; the model of a request still wins', async () => {
  const { url, model } = await startApp({
    agents: { assistant },
    flags: ['--config', 'elsewhere.toml'],
    prepare: (directory) =>
      writeFile(
        join(directory, 'elsewhere.toml'),
        'temperature = 0.5\n[permissions]\nbash = "deny"',
      ),
  })
  model.push({ text: 'Hi' }, { text: 'Hi' })
  await post(`${url}/compat/pawan/api/chat`, { message: 'Hi' })
  expect(model.requests.at(-1)?.body).toMatchObject({ model: 'scripted', temperature: 0.5 })
  await post(`${url}/compat/pawan/api/chat`, { message: 'Hi', model: 'other' })
  expect(model.requests.at(-1)?.body.model).toBe('other')
})

test.each([
  ['temperature = "hot"', /pawan\.toml: temperature: .*number/],
  ['model =', /pawan\.toml:1:\d+: not valid TOML/],
  ['provider = "openai"', /need a model/],
  ['[permissions]\nbash = "maybe"', /permissions\.bash/],
])('a pawan.toml with %j is refused with where and why', async (text, reason) => {
  const directory = await mkdtemp(join(tmpdir(), 'parley-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const path = join(directory, 'pawan.toml')
  await writeFile(path, text)
  await expect(readPawanConfig({ path, named: false })).rejects.toThrow(reason)
})

test('a file that was named must be there, the usual one need not', async () => {
  const path = join(tmpdir(), 'parley-none', 'pawan.toml')
  expect(await readPawanConfig({ path, named: false })).toBe(null)
  await expect(readPawanConfig({ path, named: true })).rejects.toThrow('cannot be read: ENOENT')
})

async function post(url: string, body: object, others: Record<string, string> = {}) {
  const headers = { 'Content-Type': 'application/json', ...others }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  return [answer.status, await answer.json()]
}

function lastResult(requests: { body: { messages: { role: string; content: unknown }[] } }[]) {
  return requests.at(-1)?.body.messages.findLast(({ role }) => role === 'tool')?.content
}
