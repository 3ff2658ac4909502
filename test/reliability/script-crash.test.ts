import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import { expectGoesOn, newSession, ofType, start } from '../journeys/conversation.ts'
import { startSlowPage } from '../journeys/slow-page.ts'
import { collectRun, createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { has, recordFrames } from './frames.ts'

const agent = `
agents:
  root:
    model: scripted
    code_mode_tools: true
    toolsets: [{ type: filesystem, path: ./files }, { type: fetch }]
permissions: { allow: ["*"] }
`

test('a script that may have had effects is unknown after a crash, and its log says what it had begun', async () => {
  const page = await startSlowPage()
  const code = `write_file({ path: 'a.txt', content: 'x' }); return fetch({ urls: ['${page.url}'] })`
  const call = { name: 'run_tools_with_javascript', arguments: { script: code } }
  const model = await startModelServer({ script: [{ toolCalls: [call] }, { text: 'I will look' }] })
  const home = await createHome({ agents: { assistant: agent }, baseUrl: model.baseUrl })
  const flags = ['--enable-code', '--allow-host', page.host]
  const server = await startServerProcess({ home, flags })
  afterAll(async () => {
    await server.kill()
    await model.close()
    await home.remove()
  })
  const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
  const session = await newSession({ client })
  const run = await start({ client }, { session })
  const seen = recordFrames(`${server.url}/api/runs/${run.id}/events`)
  await page.asked(1)
  await seen.until(has('tool_call_output'))
  await server.kill()
  await server.start()
  const events = await collectRun(client, run.id)
  const [response] = ofType(events, 'tool_call_response')
  expect(response).toMatchObject({ state: 'unknown', result: { is_error: true } })
  expect(ofType(events, 'tool_call_output').map(({ content }) => content)).toEqual([
    '→ write_file({"path":"a.txt","content":"x"})\n',
    expect.stringMatching(/^→ fetch\(/),
  ])
  expect(page.count()).toBe(1)
  await expectGoesOn({ client, model }, session)
}, 60_000)
