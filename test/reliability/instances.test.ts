import { afterAll, describe, expect, test } from 'vitest'
import { RuntimeEvent } from '#contract/event.ts'
import { checkGrammar } from '#contract/event-grammar.ts'
import { newSession, resume, start } from '../journeys/conversation.ts'
import { testServer } from '../support/database.ts'
import { type Instance, startInstances } from '../support/instances.ts'
import { createRandom } from '../support/random.ts'
import { type Frame, framesOf, has, readBytes, recordFrames } from './frames.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const agent = `
agents:
  root:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }]
`
const server = testServer()

describe.skipIf(server === undefined)('three instances on one Postgres', async () => {
  if (server === undefined) return test('needs test/support/with-postgres.sh')
  const { all, plan, close } = await startInstances({ names: ['a', 'b', 'c'], agent })
  const { a, b, c } = all
  afterAll(close)
  const words = Array.from({ length: 200 }, (_, index) => `word${index} `)
  const writing = { name: 'write_file', arguments: { path: 'note.txt', content: 'x' } }
  const reading = { name: 'list_directory', arguments: { path: '.' } }

  /** What the run's whole log is, and that it is whole. */
  async function logOf(instance: Instance, runId: string): Promise<Frame[]> {
    const recording = recordFrames(runUrl(instance, runId))
    await recording.ended
    const frames = recording.frames()
    const events = frames.map(({ data }) => RuntimeEvent.parse(JSON.parse(data)))
    expect(checkGrammar(events, { complete: true })).toEqual([])
    return frames
  }

  test('a run is followed elsewhere from before its start, and from its middle', async () => {
    const hold = Promise.withResolvers<void>()
    plan('follow', [{ text: words, hold: hold.promise, holdAfter: 100 }])
    const session = await newSession(a)
    const early = recordFrames(sessionUrl(b, session))
    const run = await start(a, { session, message: 'follow' })
    await early.until((frames) => frames.some(({ data }) => data.includes('word99')))
    const late = recordFrames(runUrl(c, run.id), { after: early.frames().at(-3)?.seq ?? 0 })
    hold.resolve()
    await early.until(has('stream_stopped'))
    await late.ended
    const whole = await logOf(a, run.id)
    expect(early.frames()).toEqual(whole)
    expect(late.frames()).toEqual(whole.slice(-late.frames().length))
    expect(late.frames().length).toBeGreaterThan(3)
    early.stop()
  })

  test(`a reader that is cut at any byte goes on at any instance (seed ${seed})`, async () => {
    plan('pieces', [{ text: words, delayPerChunk: 3 }])
    const session = await newSession(a)
    const run = await start(a, { session, message: 'pieces' })
    const random = createRandom(seed)
    const frames: Frame[] = []
    while (!has('stream_stopped')(frames)) {
      const after = frames.at(-1)?.seq ?? 0
      const url = runUrl(random.pick([a, b, c]), run.id)
      const { status, text } = await readBytes(url, { after, limit: random.below(4000) })
      expect(status).toBe(200)
      frames.push(...framesOf(text))
    }
    expect(frames).toEqual(await logOf(b, run.id))
  }, 60_000)

  test('an approval is given on another instance than the one that asked', async () => {
    plan('approve', [{ toolCalls: [writing] }, { text: 'Written.' }])
    const session = await newSession(a)
    const run = await start(a, { session, message: 'approve' })
    const seen = recordFrames(runUrl(c, run.id))
    await seen.until(has('run_waiting'))
    await resume(b, session, { confirmation: 'approve' })
    await seen.ended
    const whole = await logOf(a, run.id)
    expect(seen.frames()).toEqual(whole)
    expect(typesOf(whole)).toContain('tool_call_response')
  })

  test('what one instance allows counts for the run that another one holds', async () => {
    const hold = Promise.withResolvers<void>()
    plan('toggle', [{ text: words, hold: hold.promise, toolCalls: [writing] }, { text: 'Done.' }])
    const session = await newSession(a)
    const run = await start(a, { session, message: 'toggle' })
    const seen = recordFrames(runUrl(b, run.id))
    await seen.until(has('agent_choice'))
    await c.client.POST('/api/sessions/{session}/tools/toggle', { params: { path: { session } } })
    hold.resolve()
    await seen.ended
    expect(typesOf(seen.frames())).toContain('tool_call')
    expect(typesOf(seen.frames())).not.toContain('tool_call_confirmation')
  })

  test('a cancel on one instance ends the run that another one holds before it answers', async () => {
    plan('cancel', [{ text: words, hold: new Promise(() => {}) }])
    const session = await newSession(a)
    const run = await start(a, { session, message: 'cancel' })
    const seen = recordFrames(runUrl(b, run.id))
    await seen.until(has('agent_choice'))
    const { data, response } = await c.client.POST('/api/runs/{run}/cancel', {
      params: { path: { run: run.id } },
    })
    expect({ status: response.status, run: data.status }).toEqual({ status: 200, run: 'cancelled' })
    await seen.ended
    expect(seen.frames()).toEqual(await logOf(c, run.id))
  })

  test('a run that is asked for by two instances at once begins once', async () => {
    const hold = Promise.withResolvers<void>()
    plan('twice', [{ text: words, hold: hold.promise }])
    const session = await newSession(a)
    const starts = [a, b, c].map((instance) => start(instance, { session, message: 'twice' }))
    const results = await Promise.allSettled(starts)
    hold.resolve()
    const begun = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    expect(begun).toHaveLength(1)
    await logOf(b, begun[0]?.id ?? '')
  })

  test('a server that stops hands its run over at the next step, under a follower', async () => {
    const first = Promise.withResolvers<void>()
    const second = Promise.withResolvers<void>()
    plan('drain', [
      { text: words, hold: first.promise, toolCalls: [reading] },
      { text: words, hold: second.promise },
    ])
    const session = await newSession(a)
    const run = await start(a, { session, message: 'drain' })
    const seen = recordFrames(runUrl(b, run.id))
    await seen.until(has('agent_choice'))
    const gone = recordFrames(runUrl(a, run.id))
    await gone.until(has('agent_choice'))
    const stopped = a.kill('SIGTERM')
    // Its streams end first, so that clients connect elsewhere.
    await gone.ended
    first.resolve()
    // It ends while the next step is under way: another one has taken that.
    await stopped
    second.resolve()
    await seen.ended
    const whole = await logOf(c, run.id)
    expect(seen.frames()).toEqual(whole)
    expect(typesOf(whole).filter((type) => type === 'step_started')).toHaveLength(2)
    expect(typesOf(whole)).not.toContain('step_restarted')
    await a.start()
  }, 60_000)

  test('a server that is killed in mid-word: another one goes on, under a follower', async () => {
    plan('kill', [{ text: words, hold: new Promise(() => {}), holdAfter: 50 }, { text: 'Again' }])
    const session = await newSession(a)
    const run = await start(a, { session, message: 'kill' })
    const seen = recordFrames(runUrl(b, run.id))
    await seen.until((frames) => frames.some(({ data }) => data.includes('word49')))
    await a.kill()
    await seen.ended
    const whole = await logOf(c, run.id)
    expect(seen.frames()).toEqual(whole)
    expect(seen.frames().map(({ seq }) => seq)).toEqual(whole.map((_, index) => index + 1))
    const restarted = whole.find(({ data }) => data.startsWith('{"type":"step_restarted"'))
    expect(restarted?.data).toContain('"reason":"recovered"')
    await a.start()
    expect(await logOf(a, run.id)).toEqual(whole)
  }, 90_000)
})

function runUrl({ url }: Instance, runId: string): string {
  return `${url}/api/runs/${runId}/events`
}

function sessionUrl({ url }: Instance, session: string): string {
  return `${url}/api/sessions/${session}/events`
}

function typesOf(frames: Frame[]): string[] {
  return frames.map(({ data }) => String(JSON.parse(data).type))
}
