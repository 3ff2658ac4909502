import { get } from 'node:http'
import { ask } from '../client.ts'
import type { Violation } from '../evidence.ts'
import { openHouse } from '../house.ts'
import { type Figure, percentile, postgresOf, type Trial } from '../trial.ts'
import { openViewer } from '../viewer.ts'
import { createSession, say, untilOver } from '../visitor.ts'
import { finish, inHouse } from './busy.ts'

/** Readers that are cut off at any byte and go on anywhere, while the answer is on its way and after. */
export const reconnect: Trial = {
  name: 'reconnect',
  promises: ['R1', 'R2'],
  database: 'postgres',
  quick: 2,
  long: 100,
  async run(world) {
    const { random } = world
    const house = await openHouse({ postgres: postgresOf(world) })
    return inHouse(house, async () => {
      const session = await createSession(house, random, 'reader')
      const viewers = Array.from({ length: 5 }, () => openViewer(house, { session, random }))
      for (let round = 0; round < 6; round += 1) {
        const run = await say(house, random, { session, kind: 'text', item: `r${round}` })
        for (const viewer of viewers) {
          await untilOver({ house, random, viewer, run: run ?? '' })
        }
      }
      for (const viewer of viewers) await viewer.stop()
      const times: number[] = []
      for (let count = 0; count < 100; count += 1) {
        const { url } = random.pick(house.doors)
        times.push(await firstByte(`${url}/api/sessions/${session}/events`, 1 + random.below(40)))
      }
      const violations: Violation[] = []
      for (const id of ['x', '-1', '1.5', '99999999', '9223372036854775808', '%00']) {
        const path = `/api/sessions/${session}/events?after=${id}`
        const answer = await ask(house, random.pick(house.doors), {
          act: { type: 'read', path },
          method: 'GET',
          path,
        })
        if (answer && answer.status >= 400 && answer.status < 500) continue
        violations.push({ promise: 'R2', what: `after=${id} was answered ${answer?.status}` })
      }
      await finish(house, random, session, String(viewers[0]?.seen().at(-1)?.run_id))
      const cuts = house.history.entries.filter((entry) => entry.kind === 'disconnected').length
      const figures: Figure[] = [
        {
          promise: 'R2',
          name: 'reconnect to first byte p99',
          value: percentile(times, 99),
          limit: 150,
          unit: 'ms',
        },
      ]
      return { violations, fired: cuts, figures }
    })
  },
}

function firstByte(url: string, after: number): Promise<number> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const headers = { accept: 'text/event-stream', 'last-event-id': String(after) }
    const request = get(url, { headers, agent: false }, (response) => {
      response.once('data', () => {
        resolve(performance.now() - began)
        request.destroy()
      })
      response.on('error', () => undefined)
    })
    request.on('error', reject)
  })
}
