import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import { expectGoesOn, newSession, ofType, start, toldResults } from '../journeys/conversation.ts'
import { collectRun, createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { openWitness } from '../tools/witness.ts'

/** Hooks that hang the first time, for which a folder stands, and have their say the second time. */
const assistant = `
agents:
  root:
    model: scripted
    toolsets: [{ type: shell, path: ./files }, { type: filesystem, path: ./files }]
    hooks:
      pre_tool_use:
        - matcher: write_file
          hooks:
            - command: |
                mkdir before 2>/dev/null && exec 8>$(cat fifo) && sleep 50
                echo 'not this one' >&2; exit 2
      post_tool_use:
        - matcher: shell
          hooks:
            - command: |
                mkdir after 2>/dev/null && exec 8>$(cat fifo) && sleep 50
                echo 'seen at last'
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

/** Kills the server while a hook hangs and starts it again; answers the events of the run. */
async function killInHook(call: { name: string; arguments: object }, session: string) {
  const witness = await openWitness(home.directory)
  await writeFile(join(home.directory, 'fifo'), witness.name)
  model.push({ toolCalls: [{ name: call.name, arguments: { ...call.arguments } }] })
  const run = await start(app, { session })
  await witness.opened
  await server.kill()
  await witness.gone
  model.push({ text: 'So it is.' })
  await server.start()
  return collectRun(client, run.id)
}

test('a call whose hook died with the server is guarded by it again', async () => {
  const session = await newSession(app, { tools_approved: true })
  const call = { name: 'write_file', arguments: { path: 'guarded', content: 'x' } }
  const log = await killInHook(call, session)
  expect(ofType(log, 'tool_call')).toEqual([])
  expect(ofType(log, 'tool_call_response').map(({ state }) => state)).toEqual(['denied'])
  expect(toldResults(app)).toEqual(['A hook of the agent denies this call: not this one'])
  await expectGoesOn(app, session)
})

test('a command that had ended is not unknown because the server died in its hook', async () => {
  const session = await newSession(app, { tools_approved: true })
  const call = { name: 'shell', arguments: { cmd: 'echo once | tee -a ran' } }
  const log = await killInHook(call, session)
  expect(ofType(log, 'tool_call_response').map(({ state }) => state)).toEqual(['succeeded'])
  expect(toldResults(app)).toEqual(['once\n\n\nseen at last'])
  expect(await readFile(join(home.directory, 'files', 'ran'), 'utf8')).toBe('once\n')
  await expectGoesOn(app, session)
})
