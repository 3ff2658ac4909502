import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'

/** Would make a file if it ever ran. */
const command = 'touch'
const args = (witness: string) => [witness]

/** Every way in which an agent file can hold a command line, or lead to one. */
const commandLines: Record<string, (witness: string) => object> = {
  'a toolset of MCP': (witness) =>
    root({ toolsets: [{ type: 'mcp', command, args: args(witness) }] }),
  'a toolset of a sub-agent': (witness) => ({
    agents: {
      root: { sub_agents: ['other'] },
      other: { toolsets: [{ type: 'mcp', command, args: args(witness) }] },
    },
  }),
  'an entry of mcps': (witness) => ({
    ...root({ toolsets: [{ type: 'mcp', ref: 'own' }] }),
    mcps: { own: { command, args: args(witness) } },
  }),
  'an entry of mcps that nobody names': (witness) => ({
    ...root({}),
    mcps: { own: { command, args: args(witness) } },
  }),
  'a server of a catalog': () => root({ toolsets: [{ type: 'mcp', ref: 'docker:filesystem' }] }),
  'a toolset that is deferred': (witness) =>
    root({ toolsets: [{ type: 'mcp', command, args: args(witness), defer: true }] }),
  'a toolset with remote, too': (witness) =>
    root({
      toolsets: [
        { type: 'mcp', command, args: args(witness), remote: { url: 'https://a.example' } },
      ],
    }),
  'a hook': (witness) => root({ hooks: { session_start: [{ command: `touch ${witness}` }] } }),
  'a hook of a tool': (witness) =>
    root({ hooks: { pre_tool_use: [{ hooks: [{ command: `touch ${witness}` }] }] } }),
  'a command after an edit': (witness) =>
    root({
      toolsets: [{ type: 'filesystem', post_edit: [{ path: '*', cmd: `touch ${witness}` }] }],
    }),
  'a shell': () => root({ toolsets: [{ type: 'shell' }] }),
  'a script': (witness) =>
    root({ toolsets: [{ type: 'script', shell: { go: { cmd: `touch ${witness}` } } }] }),
  'a command in capitals': (witness) =>
    root({ toolsets: [{ type: 'MCP', Command: command, args: args(witness) }] }),
  'the skills of the server': () => root({ skills: true }),
}

const places = { database: [], directory: ['--agents-writable', 'made'] }

test.each(Object.entries(places))(
  `${Object.keys(commandLines).length} kinds of command lines come over the API in no way: agents in a %s`,
  async (_place, flags) => {
    const app = await startApp({ flags: [...flags, '--enable-stdio'] })
    const witness = join(app.directory, 'witness')
    await app.client.POST('/api/agents', { body: { name: 'plain', system_prompt: 'Hello' } })
    const accepted: string[] = []
    for (const [kind, write] of Object.entries(commandLines)) {
      const config = write(witness)
      const answers = {
        create: await send(app.url, 'POST', '/api/agents', { name: 'made', config }),
        update: await send(app.url, 'PUT', '/api/agents/plain', { config }),
        'create with text': await send(app.url, 'POST', '/api/agents', {
          name: 'made',
          config: JSON.stringify(config),
        }),
        tool: await send(app.url, 'POST', '/api/agents/plain/tools', {
          name: 'made',
          schema_json: '{}',
          ...Object(Object.values(config)[0]),
        }),
        run: await send(app.url, 'POST', '/api/chat', { message: 'Hi', agent: 'plain', config }),
      }
      for (const [way, status] of Object.entries(answers)) {
        if (status < 400 || status >= 500) accepted.push(`${kind}: ${way} ${status}`)
      }
    }
    expect(accepted).toEqual([])
    expect(existsSync(witness)).toBe(false)
    const { data } = await app.client.GET('/api/agents')
    expect(data.map(({ name }) => name).sort()).toEqual(['assistant', 'plain'])
  },
)

test('a command of the operator that was taken out over the API does not come back over it', async () => {
  const folder = (directory: string) => join(directory, 'made')
  const app = await startApp({
    flags: ['--agents-writable', 'made', '--enable-stdio'],
    async prepare(directory) {
      await mkdir(folder(directory))
      const text = `agents: { root: { toolsets: [{ type: mcp, command: "true" }] } }`
      await writeFile(join(folder(directory), 'own.yaml'), text)
    },
  })
  const before = await app.client.GET('/api/agents/{agent}', { params: { path: { agent: 'own' } } })
  const config = { agents: { root: { instruction: 'No tools' } } }
  expect(await send(app.url, 'PUT', '/api/agents/own', { config })).toBe(200)
  const { version, config: withCommand } = before.data
  expect(await send(app.url, 'POST', `/api/agents/own/versions/${version}/restore`)).toBe(422)
  expect(await send(app.url, 'PUT', '/api/agents/own', { config: withCommand })).toBe(422)
  expect(await send(app.url, 'POST', '/api/agents', { name: 'x', config: withCommand })).toBe(422)
})

test('a file with a command is not copied into an agent of the API', async () => {
  const own = 'agents: { root: { model: scripted, toolsets: [{ type: mcp, command: "true" }] } }'
  const app = await startApp({ agents: { own }, flags: ['--enable-stdio'] })
  const status = await send(app.url, 'POST', '/api/agents/own/duplicate', { new_name: 'copy' })
  expect(status).toBe(422)
})

function root(agent: object) {
  return { agents: { root: agent } }
}

async function send(url: string, method: string, path: string, body?: unknown): Promise<number> {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  await response.text()
  return response.status
}
