import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import { checkGrammar } from '#contract/event-grammar.ts'
import { openDatabase } from '#store/open-database.ts'
import { faultEnvironment } from '../faults/environment.ts'
import { expectGoesOn, newSession, ofType, start, until } from '../journeys/conversation.ts'
import { collectRun, createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { calling, createTeamScript } from '../support/team.ts'

const team = `
agents:
  root:
    model: scripted
    instruction: You lead.
    sub_agents: [runner]
  runner:
    model: scripted
    instruction: You run.
    toolsets: [{ type: shell, path: ./files }]
`
const { script, say } = createTeamScript({ root: 'You lead.', runner: 'You run.' })
const model = await startModelServer({ script })
const home = await createHome({ agents: { assistant: team }, baseUrl: model.baseUrl })
const environment: Record<string, string> = {}
const server = await startServerProcess({ home, flags: ['--enable-shell'], environment })
afterAll(async () => {
  await server.kill()
  await model.close()
  await home.remove()
})
const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
const app = { client, model: { ...model, push: (answer: object) => say('root', answer) } }

test('a run that stopped three servers is ended by one that does not load it', async () => {
  say('root', calling('transfer_task', { agent: 'runner', task: 'Run it' }))
  say('runner', calling('shell', { cmd: 'sleep 60' }))
  const session = await newSession(app, { tools_approved: true })
  const run = await start(app, { session })
  await until(
    app,
    run.id,
    (event) => event.type === 'tool_call' && event.tool_call.function.name === 'shell',
  )
  await server.kill()
  await pretendAttempts(3)
  // Whoever loads it dies.
  Object.assign(environment, faultEnvironment({ fault: 'recovery.claimed:kill:*' }))
  await server.start()
  const log = await collectRun(client, run.id)
  expect(checkGrammar(log, { complete: true })).toEqual([])
  expect(
    ofType(log, 'tool_call_response').map(({ tool_call, state }) => [
      tool_call.function.name,
      state,
    ]),
  ).toEqual([
    ['shell', 'unknown'],
    ['transfer_task', 'cancelled'],
  ])
  expect(ofType(log, 'error')).toMatchObject([{ code: 'too_many_attempts' }])
  expect(ofType(log, 'stream_stopped').map(({ reason }) => reason)).toEqual(['cancelled', 'failed'])
  await expectGoesOn(app, session)
}, 60_000)

async function pretendAttempts(attempt: number): Promise<void> {
  const settingOf = (flag: string) => home.flags[home.flags.indexOf(flag) + 1] ?? ''
  const database = await openDatabase(
    home.flags.includes('--database-url')
      ? { url: settingOf('--database-url') }
      : { dataDirectory: settingOf('--data-dir') },
  )
  await database.query(`update runs set attempt = $1 where status = 'running'`, [attempt])
  await database.close()
}
