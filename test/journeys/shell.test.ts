import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { openWitness } from '../tools/witness.ts'
import {
  ask,
  expectGoesOn,
  getSession,
  newSession,
  ofType,
  resume,
  start,
  toldResults,
  until,
} from './conversation.ts'

const assistant = `
agents:
  root:
    model: scripted
    toolsets:
      - { type: shell, path: ./files }
      - type: script
        shell:
          greet:
            cmd: printf 'hello %s' "$name"
            description: Greets somebody
            args: { name: { description: Whom } }
permissions:
  allow: ["shell:cmd=echo *", "shell:cmd=sleep *"]
  deny: ["shell:cmd=rm*"]
`
const app = await startApp({ lifetime: 'file', agents: { assistant }, flags: ['--enable-shell'] })
const { client, model, events } = app
const files = join(app.directory, 'files')

const shell = (cmd: string, more: object = {}) => ({ name: 'shell', arguments: { cmd, ...more } })

test('a command that is allowed runs, one in a chain asks, a denied one in it is denied', async () => {
  const session = await newSession(app)
  model.push(
    { toolCalls: [shell('echo one'), shell('echo one; ls'), shell('echo one; /bin/rm -rf .')] },
    { text: 'Done.' },
  )
  const { run } = await ask(app, { session })
  expect(run.waiting_for).toMatchObject({ kind: 'approval' })
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  expect(
    ofType(log, 'tool_call_response')
      .map(({ state }) => state)
      .sort(),
  ).toEqual(['denied', 'succeeded', 'succeeded'])
  expect(ofType(log, 'tool_call_confirmation')).toHaveLength(1)
  expect(toldResults(app)[0]).toBe('one\n')
  await expectGoesOn(app, session)
})

test('output streams while the command runs, and bytes that are no text are replaced', async () => {
  const session = await newSession(app, { tools_approved: true })
  model.push({ toolCalls: [shell("printf 'a\\377\\000b'; exit 4")] }, { text: 'It failed.' })
  const { run } = await ask(app, { session })
  const log = await events(run.id)
  expect(
    ofType(log, 'tool_call_output')
      .map(({ content }) => content)
      .join(''),
  ).toBe('a\ufffd\ufffdb')
  expect(ofType(log, 'tool_call_response')[0]).toMatchObject({
    state: 'failed',
    result: {
      output: 'a\ufffd\ufffdb\n[exit code 4]',
      is_error: true,
      structured: { exit_code: 4, timed_out: false },
    },
  })
  await expectGoesOn(app, session)
})

test('a script gets its arguments as variables, after it was approved', async () => {
  const session = await newSession(app)
  const name = '$(touch owned); rm -rf . "'
  model.push({ toolCalls: [{ name: 'greet', arguments: { name } }] }, { text: 'Greeted.' })
  await ask(app, { session })
  const { id } = await resume(app, session, { confirmation: 'approve' })
  await events(id)
  expect(toldResults(app)).toEqual([`hello ${name}`])
  await expectGoesOn(app, session)
})

test('a background job outlives its run and is stopped in a later one', async () => {
  const session = await newSession(app, { tools_approved: true })
  const witness = await openWitness(files)
  const cmd = `exec 8>${witness.name}; echo up; while :; do sleep 1; done`
  model.push({ toolCalls: [{ name: 'run_background_job', arguments: { cmd } }] }, { text: 'On.' })
  await ask(app, { session })
  await witness.opened
  const stop = { name: 'stop_background_job', arguments: { job_id: 'job_1' } }
  model.push({ toolCalls: [stop] }, { text: 'Off.' })
  await ask(app, { session })
  expect(toldResults(app).at(-1)).toContain('SIGTERM')
  await witness.gone
  await expectGoesOn(app, session)
})

test('cancel ends the run at once and what it runs soon after', async () => {
  const session = await newSession(app, { tools_approved: true })
  const witness = await openWitness(files)
  const cmd = `trap 'echo late' TERM; exec 8>${witness.name}; echo on; while :; do sleep 1; done`
  model.push({ toolCalls: [shell(cmd)] })
  const run = await start(app, { session })
  await until(app, run.id, 'tool_call_output')
  await client.POST('/api/runs/{run}/cancel', { params: { path: { run: run.id } } })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call_response')[0]).toMatchObject({ state: 'cancelled' })
  await witness.gone
  await expectGoesOn(app, session)
})

test('a command that never ends, one that floods and one that kills its group leave the run going', async () => {
  const session = await newSession(app, { tools_approved: true })
  model.push(
    {
      toolCalls: [
        shell("trap '' TERM; while :; do :; done", { timeout: 0.5 }),
        shell('yes | head -c 200000000'),
        shell('echo bye; kill -9 0'),
      ],
    },
    { text: 'On we go.' },
  )
  const { run, output } = await ask(app, { session })
  expect({ status: run.status, output }).toEqual({ status: 'completed', output: 'On we go.' })
  const [loop, flood, dead] = toldResults(app)
  expect(loop).toContain('did not end within 0.5 s')
  expect(flood).toContain('characters are left out')
  expect(dead).toBe('bye\n[ended by SIGKILL]')
  await expectGoesOn(app, session)
})

test('without --enable-shell the agent answers and the stream says why it has no shell', async () => {
  const plain = await startApp({ agents: { assistant } })
  const session = await newSession(plain)
  plain.model.push({ text: 'Without hands.' })
  const { run } = await ask(plain, { session })
  const log = await plain.events(run.id)
  expect(ofType(log, 'warning').map(({ message }) => message)).toEqual([
    'The shell tools are not available: running commands is turned off; start the server with --enable-shell',
    'The script tools are not available: running commands is turned off; start the server with --enable-shell',
  ])
  expect(plain.model.requests[0]?.body.tools).toBeUndefined()
  expect((await getSession(plain, session)).status).toBe('idle')
  await expectGoesOn(plain, session)
})
