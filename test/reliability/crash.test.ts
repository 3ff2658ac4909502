import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import {
  expectGoesOn,
  getSession,
  lastAnswer,
  lastQuestion,
  newSession,
  ofType,
  resume,
  start,
} from '../journeys/conversation.ts'
import { startSlowPage } from '../journeys/slow-page.ts'
import { collectRun, createHome, textOf } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import type { RecordedRequest, ScriptedAnswer } from '../support/model-server.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { type Frame, has, recordFrames } from './frames.ts'

// Four runs are at four different places when the server is killed, once, for all tests.
const agent = `
agents:
  root:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }, { type: fetch }]
permissions: { allow: [remove_directory] }
`
const page = await startSlowPage()
// Runs that go on beside each other must not take each other's answers, so that nothing is pushed.
const model = { ...(await startModelServer({ script: answer })), push: () => undefined }
const home = await createHome({ agents: { assistant: agent }, baseUrl: model.baseUrl })
const server = await startServerProcess({ home, flags: ['--allow-host', page.host] })
afterAll(async () => {
  await server.kill()
  await model.close()
  await home.remove()
})
const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
const app = { client, model }
const folder = join(home.directory, 'files', 'many')
const removal = { name: 'remove_directory', arguments: { path: 'many', recursive: true } }
const calls: Record<string, { name: string; arguments: Record<string, unknown> }> = {
  'remove it': removal,
  'fetch it': { name: 'fetch', arguments: { urls: [page.url] } },
  'write it': { name: 'write_file', arguments: { path: 'late.txt', content: 'x' } },
}

/** What a conversation says is what it gets; the text is held back until the server was killed. */
function answer({ body }: RecordedRequest): ScriptedAnswer {
  if (body.messages.at(-1)?.content === lastQuestion) return { text: lastAnswer }
  const last = body.messages.at(-1)
  const call = last?.role === 'user' ? calls[String(last.content)] : undefined
  if (call) return { text: 'I will.', toolCalls: [call] }
  if (last?.role === 'tool') return { text: 'That was it.' }
  return held()
}
let streamed = 0
function held(): ScriptedAnswer {
  streamed += 1
  const text = 'One two three four five'
  return streamed > 1 ? { text } : { text, hold: new Promise(() => {}), holdAfter: 3 }
}

async function begin(message: string) {
  const session = await newSession(app)
  const run = await start(app, { session, message })
  return { session, run, seen: recordFrames(`${server.url}/api/runs/${run.id}/events`) }
}

await mkdir(folder)
const names = Array.from({ length: 9000 }, (_, index) => join(folder, `${index}`))
for (const name of names) await writeFile(name, '')
const text = await begin('say it')
const fetched = await begin('fetch it')
const approval = await begin('write it')
await text.seen.until(has('agent_choice'))
await page.asked(1)
await approval.seen.until(has('run_waiting'))
const removed = await begin('remove it')
await removed.seen.until(has('tool_call'))
await server.kill()
const left = (await readdir(folder)).length
await server.start()

type Begun = Awaited<ReturnType<typeof begin>>

/** All that the client saw before is there again, byte for byte, in the run's whole log. */
async function logOf({ run, seen }: Begun): Promise<RuntimeEvent[]> {
  const events = await collectRun(client, run.id)
  const again = recordFrames(`${server.url}/api/runs/${run.id}/events`)
  await again.ended
  const kept = new Map(again.frames().map(({ seq, data }: Frame) => [seq, data]))
  expect(seen.frames().length).toBeGreaterThan(0)
  for (const { seq, data } of seen.frames()) expect(kept.get(seq)).toBe(data)
  return events
}

test('a run whose answer was streaming begins its step again and ends', async () => {
  const events = await logOf(text)
  const [restarted] = ofType(events, 'step_restarted')
  const [step] = ofType(events, 'step_started')
  expect(restarted).toMatchObject({ keep_to: step?.seq, reason: 'recovered' })
  const kept = events.filter(({ seq }) => seq > (restarted?.seq ?? 0))
  expect(textOf(kept)).toBe('One two three four five')
  await expectGoesOn(app, text.session)
}, 60_000)

test('a tool that only reads runs again after the crash', async () => {
  await page.asked(2)
  page.release()
  const [response] = ofType(await logOf(fetched), 'tool_call_response')
  expect(response).toMatchObject({ state: 'succeeded' })
  expect(page.count()).toBe(2)
  await expectGoesOn(app, fetched.session)
}, 60_000)

test('a tool that must run once at most is unknown and does not run again', async () => {
  const events = await logOf(removed)
  expect(ofType(events, 'tool_call')).toHaveLength(1)
  const [response] = ofType(events, 'tool_call_response')
  expect(response).toMatchObject({ state: 'unknown', result: { is_error: true } })
  expect(response?.response).toContain('Verify what happened before you repeat it')
  expect((await readdir(folder)).length).toBe(left)
  await expectGoesOn(app, removed.session)
}, 60_000)

test('an equal call to one whose outcome is unknown asks, although its tool is allowed', async () => {
  const run = await start(app, { session: removed.session, message: 'remove it' })
  const seen = recordFrames(`${server.url}/api/runs/${run.id}/events`)
  await seen.until(has('run_waiting'))
  await resume(app, removed.session, { confirmation: 'reject' })
  await seen.ended
  expect((await readdir(folder)).length).toBe(left)
  await expectGoesOn(app, removed.session)
})

test('an approval that was waited for is still there and decides the run', async () => {
  const { pending_approvals, status } = await getSession(app, approval.session)
  expect({ status, pending: pending_approvals.length }).toEqual({ status: 'waiting', pending: 1 })
  await resume(app, approval.session, { confirmation: 'approve' })
  const [response] = ofType(await logOf(approval), 'tool_call_response')
  expect(response).toMatchObject({ state: 'succeeded' })
  await expectGoesOn(app, approval.session)
})
