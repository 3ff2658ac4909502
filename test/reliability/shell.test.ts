import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import {
  expectGoesOn,
  newSession,
  ofType,
  start,
  toldResults,
  until,
} from '../journeys/conversation.ts'
import { collectRun, createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { openWitness } from '../tools/witness.ts'

const assistant = `
agents:
  root:
    model: scripted
    toolsets: [{ type: shell, path: ./files }]
`
const model = await startModelServer()
const home = await createHome({ agents: { assistant }, baseUrl: model.baseUrl })
const server = await startServerProcess({ home, flags: ['--enable-shell'] })
afterAll(async () => {
  await server.kill()
  await model.close()
  await home.remove()
})
const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
const app = { client, model }

test('commands and background jobs die with a server that is killed, and the call is unknown', async () => {
  const witness = await openWitness(join(home.directory, 'files'))
  const session = await newSession(app, { tools_approved: true })
  // Ignores what can be ignored, and so do the processes that it starts.
  const stubborn = `trap '' TERM INT HUP; exec 8>${witness.name}; (while :; do sleep 1; done) & setsid sh -c 'while :; do sleep 1; done' & echo on; while :; do sleep 1; done`
  model.push(
    { toolCalls: [{ name: 'run_background_job', arguments: { cmd: stubborn } }] },
    { toolCalls: [{ name: 'shell', arguments: { cmd: stubborn } }] },
  )
  const run = await start(app, { session })
  await until(app, run.id, 'tool_call_output')
  await server.kill()
  await witness.gone
  model.push({ text: 'Let me look.' })
  await server.start()
  const log = await collectRun(client, run.id)
  expect(ofType(log, 'tool_call_response').map(({ state }) => state)).toEqual([
    'succeeded',
    'unknown',
  ])
  expect(toldResults(app).at(-1)).toContain('The outcome is unknown')
  await expectGoesOn(app, session)
})

test('a command that floods 1 GB leaves the memory of the server flat', async () => {
  const session = await newSession(app, { tools_approved: true })
  const flood = (bytes: number) => ({
    name: 'shell',
    arguments: { cmd: `head -c ${bytes} /dev/zero | tr '\\0' x` },
  })
  model.push({ toolCalls: [flood(50_000_000)] }, { text: 'Some.' })
  await collectRun(client, (await start(app, { session })).id)
  const before = await server.memory()
  model.push({ toolCalls: [flood(1_000_000_000)] }, { text: 'Much.' })
  const log = await collectRun(client, (await start(app, { session })).id)
  expect(ofType(log, 'tool_call_response')[0]).toMatchObject({ state: 'succeeded' })
  expect((await server.memory()) - before).toBeLessThan(100 * 1024 * 1024)
})
