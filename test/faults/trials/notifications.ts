import { createNotificationFilter } from '../../support/notification-filter.ts'
import { openTcpProxy, throughProxy } from '../../support/tcp-proxy.ts'
import { streamsOf } from '../history.ts'
import { type House, openHouse } from '../house.ts'
import { type Figure, percentile, postgresOf, type Trial } from '../trial.ts'
import { openViewer } from '../viewer.ts'
import { createSession, say, untilOver } from '../visitor.ts'
import { inHouse } from './busy.ts'

/** One instance hears the others, one hears nothing although its connections are well. */
export const notifications: Trial = {
  name: 'notifications',
  promises: ['R1', 'R2', 'R15'],
  database: 'postgres',
  quick: 1,
  long: 30,
  async run(world) {
    const { random } = world
    const postgres = postgresOf(world)
    let dropped = 0
    const silent = await openTcpProxy({
      target: postgres,
      createTransform: () => {
        const filter = createNotificationFilter()
        return (chunk) => {
          const kept = filter(chunk)
          if (kept.length < chunk.length) dropped += 1
          return kept
        }
      },
    })
    const house = await openHouse({
      postgres,
      names: ['writer', 'hearing', 'deaf'],
      flags: { deaf: (url) => ['--database-url', throughProxy(url, silent)] },
    })
    try {
      return await inHouse(house, async () => {
        const [writer, ...others] = house.instances
        const at = { ...house, doors: [writer] }
        const session = await createSession(at, random, 'writer')
        const viewers = house.instances.map((instance) =>
          openViewer({ ...house, doors: [instance] }, { session, random, cuts: false }),
        )
        for (let round = 0; round < 12; round += 1) {
          const run = await say(at, random, { session, kind: 'text', item: `r${round}` })
          for (const viewer of viewers) await untilOver({ house, random, viewer, run: run ?? '' })
        }
        for (const viewer of viewers) await viewer.stop()
        const [hearing = [], deaf = []] = others.map(({ name }) => lateness(house, name))
        const figures: Figure[] = [
          {
            promise: 'R15',
            name: 'heard p50',
            value: percentile(hearing, 50),
            limit: 30,
            unit: 'ms',
          },
          {
            promise: 'R15',
            name: 'deaf p99',
            value: percentile(deaf, 99),
            limit: 1200,
            unit: 'ms',
          },
        ]
        return { violations: [], fired: dropped, figures }
      })
    } finally {
      await silent.close()
    }
  },
}

/** How much later than at the instance that wrote them events were at another one. */
function lateness({ history }: House, name: string): number[] {
  const streams = streamsOf(history)
  const framesAt = (instance: string) =>
    streams.filter((stream) => stream.instance === instance).flatMap(({ frames }) => frames)
  const written = new Map(framesAt('writer').map(({ seq, at }) => [seq, at]))
  return framesAt(name).flatMap(({ seq, at }) => {
    const first = written.get(seq)
    return first === undefined ? [] : [Math.max(0, at - first)]
  })
}
