import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import {
  expectGoesOn,
  lastAnswer,
  lastQuestion,
  newSession,
  ofType,
  resume,
  start,
} from '../journeys/conversation.ts'
import { collectRun, createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import type { RecordedRequest, ScriptedAnswer } from '../support/model-server.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { createRandom } from '../support/random.ts'
import { has, recordFrames } from './frames.ts'

/** Runs that are at work when a server is killed; TRIALS says how many kills. */
const runsAtOnce = 5
const trials = Number(process.env.TRIALS ?? 4)
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const random = createRandom(seed)

const agent = `
agents:
  root:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }]
permissions: { allow: [edit_file] }
`
// Runs that go on beside each other must not take each other's answers, so that nothing is pushed.
const model = { ...(await startModelServer({ script: answer })), push: () => undefined }
const home = await createHome({ agents: { assistant: agent }, baseUrl: model.baseUrl })
const server = await startServerProcess({ home })
afterAll(async () => {
  await server.kill()
  await model.close()
  await home.remove()
})
const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
const app = { client, model }
const ledger = (name: string) => join(home.directory, 'files', name)

/** Edits a file, writes another one, which asks, and then says so. */
function answer({ body }: RecordedRequest): ScriptedAnswer {
  if (body.messages.at(-1)?.content === lastQuestion) return { text: lastAnswer }
  const name = String(body.messages.findLast(({ role }) => role === 'user')?.content)
  const results = body.messages.length - 1 - body.messages.findLastIndex(isUser)
  const text = Array.from({ length: 20 }, (_, index) => `${name}-${index} `)
  const line = [{ old_text: 'end', new_text: 'line\nend' }]
  if (results === 0) {
    return { text, delayPerChunk: 3, toolCalls: [call('edit_file', { path: name, edits: line })] }
  }
  if (results === 2) {
    return { text, toolCalls: [call('write_file', { path: `${name}.txt`, content: 'x' })] }
  }
  return { text, delayPerChunk: 3 }
}
const isUser = ({ role }: { role: string }) => role === 'user'
const call = (name: string, args: Record<string, unknown>) => ({ name, arguments: args })

async function begin(name: string) {
  await writeFile(ledger(name), 'end')
  const session = await newSession(app)
  const run = await start(app, { session, message: name })
  return { name, session, run, seen: recordFrames(urlOf(run.id)) }
}
const urlOf = (run: string) => `${server.url}/api/runs/${run}/events`
type Begun = Awaited<ReturnType<typeof begin>>

/** Lets the run go on to its end, and holds against it what its viewer had seen. */
async function checkRun({ name, session, run, seen }: Begun): Promise<void> {
  const again = recordFrames(urlOf(run.id))
  await again.until((frames) => has('run_waiting')(frames) || has('stream_stopped')(frames))
  if (!has('stream_stopped')(again.frames()))
    await resume(app, session, { confirmation: 'approve' })
  const events = await collectRun(client, run.id)
  expect(events.at(-1)).toMatchObject({ type: 'stream_stopped', reason: 'completed' })
  await again.ended
  const kept = new Map(again.frames().map(({ seq, data }) => [seq, data]))
  for (const { seq, data } of seen.frames()) expect(kept.get(seq)).toBe(data)
  const state = ofType(events, 'tool_call_response')[0]?.state ?? ''
  const times = (await readFile(ledger(name), 'utf8')).split('\n').length - 1
  const possible: Record<string, number[]> = { succeeded: [1], unknown: [0, 1] }
  expect(possible[state]).toContain(times)
  expect(ofType(events, 'tool_call').filter(isEdit)).toHaveLength(1)
}
const isEdit = (event: { tool_call: { function: { name: string } } }) =>
  event.tool_call.function.name === 'edit_file'

test(
  `whatever the moment of the kill, nothing that was seen is lost and no call runs twice (seed ${seed})`,
  async () => {
    for (let trial = 0; trial < trials; trial += 1) {
      const names = Array.from({ length: runsAtOnce }, (_, index) => `t${trial}r${index}`)
      const runs = await Promise.all(names.map(begin))
      const seen = () => runs.reduce((sum, { seen: { frames } }) => sum + frames().length, 0)
      const moment = 5 + random.below(runsAtOnce * 20)
      const parked = () => runs.every((run) => has('run_waiting')(run.seen.frames()))
      const reached = runs.map((run) => run.seen.until(() => seen() >= moment || parked()))
      await Promise.race(reached)
      await server.kill()
      await Promise.all(runs.map((run) => run.seen.ended))
      for (const waiting of reached) waiting.catch(() => undefined)
      await server.start()
      await Promise.all(runs.map(checkRun))
      for (const { session } of runs) await expectGoesOn(app, session)
    }
  },
  60_000 * trials,
)
