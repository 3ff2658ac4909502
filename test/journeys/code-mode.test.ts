import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ToolResult } from '#contract/tool.ts'
import { type App, startApp } from '../support/app.ts'
import {
  ask,
  expectGoesOn,
  newSession,
  ofType,
  resume,
  start,
  toldResults,
  until,
} from './conversation.ts'

const agent = `
agents:
  root:
    model: scripted
    code_mode_tools: true
    toolsets:
      - { type: filesystem, path: ./files }
      - { type: user_prompt }
`
const allowed = `${agent}permissions: { allow: [write_file] }\n`
const scriptTool = 'run_tools_with_javascript'

function script(code: string) {
  return { toolCalls: [{ name: scriptTool, arguments: { script: code } }] }
}

async function startScripts(text = allowed, flags = ['--enable-code']): Promise<App> {
  return startApp({ agents: { assistant: text }, flags })
}

function offered({ model }: App): string[] {
  return model.requests.at(-1)?.body.tools?.map((tool) => tool.function.name) ?? []
}

function told(app: App): unknown {
  return JSON.parse(toldResults(app).at(-1) ?? 'null')
}

test('one script calls several tools, shows each call before it goes out, and returns what it made of them', async () => {
  const app = await startScripts()
  await writeFile(join(app.directory, 'files/a.txt'), 'one\ntwo\n')
  app.model.push(
    script(`
      const lines = read_file({ path: 'a.txt' }).trim().split('\\n')
      console.log('lines', lines.length)
      write_file({ path: 'b.txt', content: lines.reverse().join('\\n') })
      return lines.length + ' lines'`),
    { text: 'Done' },
  )
  const session = await newSession(app)
  const { run, output } = await ask(app, { session })
  expect(output).toBe('Done')
  expect(await readFile(join(app.directory, 'files/b.txt'), 'utf8')).toBe('two\none')
  expect(told(app)).toEqual({ value: '2 lines', stdout: 'lines 2\n' })
  const events = await app.events(run.id)
  const [call] = ofType(events, 'tool_call')
  expect(call?.tool_definition).toMatchObject({ name: scriptTool, effect: 'once' })
  expect(ofType(events, 'tool_call_output').map(({ content }) => content)).toEqual([
    '→ read_file({"path":"a.txt"})\n',
    'lines 2\n',
    '→ write_file({"path":"b.txt","content":"two\\none"})\n',
  ])
  await expectGoesOn(app, session)
})

test('what may have to be approved is offered beside the script, what cannot be in one only there', async () => {
  const app = await startScripts()
  app.model.push({ text: 'Hi' })
  await ask(app, { session: await newSession(app) })
  expect(offered(app).toSorted()).toEqual([
    'create_directory',
    'edit_file',
    'remove_directory',
    scriptTool,
    'user_prompt',
  ])
})

test('a call that needs an approval is refused in a script and asked about by itself', async () => {
  const app = await startScripts(agent)
  const write = { path: 'b.txt', content: 'x' }
  app.model.push(
    script(`
      try { write_file(${JSON.stringify(write)}) } catch (error) { return error.message }`),
    { toolCalls: [{ name: 'write_file', arguments: write }] },
    { text: 'Written' },
  )
  const session = await newSession(app)
  const { run } = await ask(app, { session })
  expect(run.status).toBe('waiting')
  expect(told(app)).toEqual({
    value:
      'write_file needs an approval, which a script cannot wait for. Call the tool write_file by itself with the same arguments.',
  })
  await resume(app, session, { confirmation: 'approve-session' })
  const events = await app.events(run.id)
  expect(events.at(-1)?.type).toBe('stream_stopped')
  expect(await readFile(join(app.directory, 'files/b.txt'), 'utf8')).toBe('x')
})

test('a rule that denies holds inside a script, also when everything is approved', async () => {
  const app = await startScripts(`${agent}permissions: { deny: ["write_file:path=no*"] }\n`)
  app.model.push(
    script(`
      write_file({ path: 'yes.txt', content: 'x' })
      write_file({ path: 'no.txt', content: 'x' })`),
    { text: 'Hm' },
  )
  const session = await newSession(app, { tools_approved: true })
  await ask(app, { session })
  expect(told(app)).toMatchObject({
    value: expect.stringContaining('deny this call of write_file'),
    tool_calls: [
      { name: 'write_file', output: expect.stringContaining('yes.txt') },
      { name: 'write_file', error: expect.stringContaining('deny') },
    ],
  })
  await expect(readFile(join(app.directory, 'files/no.txt'))).rejects.toThrow('ENOENT')
})

test.each([
  ['a wrong argument', 'read_file({ path: 7 })', '\\"path\\"'],
  ['no object of arguments', "read_file('a.txt')", 'takes one object of arguments'],
  ['a tool that fails', "read_file({ path: 'none.txt' })", 'does not exist'],
  ['a path that leads out', "read_file({ path: '../x' })", 'outside the workspace'],
  ['code that is no JavaScript', 'return (', 'SyntaxError'],
  ['a missing function', 'fetch({})', 'is not defined'],
  ['a call of what is no function of it', 'user_prompt({ message: "?" })', 'is not defined'],
  ['too many calls', "for (;;) list_directory({ path: '.' })", 'at most 100 calls'],
])('%s ends the script with an error for the model', async (_title, code, message) => {
  const app = await startScripts()
  app.model.push(script(code), { text: 'I see' })
  const session = await newSession(app)
  const { run } = await ask(app, { session })
  const [response] = ofType(await app.events(run.id), 'tool_call_response')
  const result = response?.result as ToolResult
  expect(result.is_error).toBe(true)
  expect(result.output).toContain(message)
  await expectGoesOn(app, session)
})

test('a script that is only reading is a read; one that may write is once', async () => {
  const app = await startScripts(agent.replace('./files }', './files, read_only: true }'))
  app.model.push(script('return list_directory({})'), { text: 'Empty' })
  const { run } = await ask(app, { session: await newSession(app) })
  const [call] = ofType(await app.events(run.id), 'tool_call')
  expect(call?.tool_definition).toMatchObject({ effect: 'read', annotations: { read_only: true } })
})

test('calls of scripts count against the budget', async () => {
  const app = await startScripts(
    agent.replace('code_mode', 'budget: { tool_calls: 3 }\n    code_mode'),
  )
  app.model.push(script("for (;;) list_directory({ path: '.' })"), { text: 'Spent' })
  const { run } = await ask(app, { session: await newSession(app) })
  const [response] = ofType(await app.events(run.id), 'tool_call_response')
  expect(response?.response).toContain('The budget of this run is spent')
  expect(ofType(await app.events(run.id), 'tool_call_output')).toHaveLength(2)
})

test('without --enable-code the tools are offered one by one, with a warning', async () => {
  const app = await startScripts(allowed, [])
  app.model.push({ text: 'Hi' })
  const { run } = await ask(app, { session: await newSession(app) })
  expect(offered(app)).toContain('read_file')
  expect(offered(app)).not.toContain(scriptTool)
  expect(ofType(await app.events(run.id), 'warning').map(({ message }) => message)).toEqual([
    expect.stringContaining('--enable-code'),
  ])
})

test('a cancelled run ends a script that waits for a tool, and the tool with it', async () => {
  const shell = agent.replace('user_prompt', 'shell')
  const app = await startScripts(`${shell}permissions: { allow: [shell] }\n`, [
    '--enable-code',
    '--enable-shell',
  ])
  app.model.push(script("return shell({ cmd: 'echo begun; sleep 60' })"))
  const session = await newSession(app)
  const run = await start(app, { session })
  await until(app, run.id, (event) => 'content' in event && event.content === 'begun\n')
  await app.client.POST('/api/runs/{run}/cancel', { params: { path: { run: run.id } } })
  const [response] = ofType(await app.events(run.id), 'tool_call_response')
  expect(response?.state).toBe('cancelled')
  await expectGoesOn(app, session)
})

test('each call of a script has an id of its own, so that what it keeps is kept for each', async () => {
  const app = await startScripts(
    `${agent}      - { type: memory }\npermissions: { allow: ["*"] }\n`,
  )
  app.model.push(
    script(`
      add_memory({ memory: 'Likes tea' })
      add_memory({ memory: 'Lives in Bonn' })
      return get_memories({})`),
    { text: 'Noted' },
  )
  const session = await newSession(app)
  await ask(app, { session })
  expect(toldResults(app).join()).toContain('Likes tea')
  expect(toldResults(app).join()).toContain('Lives in Bonn')
})
