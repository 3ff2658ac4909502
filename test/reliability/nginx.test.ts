import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { createClient, followRun } from '#client/index.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import { checkGrammar } from '#contract/event-grammar.ts'
import { ask, newSession, start } from '../journeys/conversation.ts'
import { textOf } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { testServer } from '../support/database.ts'
import { startInstances } from '../support/instances.ts'
import { hasNginx, startNginx } from '../support/nginx.ts'
import { has, recordFrames } from './frames.ts'

const agent = `
agents:
  root:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }]
`
const canRun = hasNginx && testServer() !== undefined

describe.skipIf(!canRun)('three instances behind nginx', async () => {
  if (!canRun) return test('needs nginx and test/support/with-postgres.sh')
  const { all, plan, close } = await startInstances({ names: ['a', 'b', 'c'], agent })
  const instances = [all.a, all.b, all.c]
  const nginx = await startNginx(instances)
  afterAll(async () => {
    await nginx.close()
    await close()
  })
  const app = { client: createClient({ baseUrl: nginx.url, fetch: checkedFetch() }) }
  const words = Array.from({ length: 100 }, (_, index) => `word${index} `)
  const reading = { name: 'list_directory', arguments: { path: '.' } }

  /** The events of a run to its end, wherever the client has to connect again. */
  async function follow(runId: string): Promise<RuntimeEvent[]> {
    const events: RuntimeEvent[] = []
    for await (const event of followRun(app.client, { runId })) events.push(event)
    expect(checkGrammar(events, { complete: true })).toEqual([])
    return events
  }

  test('a token arrives while the next one is not there yet', async () => {
    const hold = Promise.withResolvers<void>()
    plan('slow', [{ text: words, hold: hold.promise, holdAfter: 1 }])
    const run = await start(app, { session: await newSession(app), message: 'slow' })
    const seen = recordFrames(`${nginx.url}/api/runs/${run.id}/events`)
    await seen.until(has('agent_choice'))
    hold.resolve()
    await seen.ended
    expect(has('stream_stopped')(seen.frames())).toBe(true)
  })

  test('the instances take turns', async () => {
    const names = new Set<string>()
    for (let request = 0; request < 6; request += 1) {
      const { data } = await app.client.GET('/health')
      names.add(data.agent_id)
    }
    expect([...names].toSorted()).toEqual(['a', 'b', 'c'])
  })

  test('a stopped instance is passed over, for posts too', async () => {
    await all.b.kill()
    plan('without b', [{ text: 'Fine.' }])
    for (let request = 0; request < 6; request += 1) {
      const session = await newSession(app)
      const { output } = await ask(app, { session, message: 'without b' })
      expect(output).toBe('Fine.')
    }
    await all.b.start()
  })

  test('a rolling restart under load fails no request and leaves no gap', async () => {
    let rolling = true
    let runs = 0
    const visitors = Array.from({ length: 3 }, async (_, visitor) => {
      for (let visit = 0; rolling; visit += 1) {
        const message = `load ${visitor} ${visit} ${randomUUID()}`
        plan(message, [
          { text: words, delayPerChunk: 2, toolCalls: [reading] },
          { text: words, delayPerChunk: 2 },
        ])
        const run = await start(app, { session: await newSession(app), message })
        const events = await follow(run.id)
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
        expect(textOf(events)).toBe(words.join('').repeat(2))
        runs += 1
      }
    })
    const restarts = (async () => {
      for (const instance of instances) {
        await instance.kill('SIGTERM')
        await instance.start()
      }
    })().finally(() => {
      rolling = false
    })
    await Promise.all([restarts, ...visitors])
    expect(runs).toBeGreaterThan(3)
  }, 120_000)
})
