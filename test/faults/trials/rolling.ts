import { setTimeout } from 'node:timers/promises'
import { hasNginx, startNginx } from '../../support/nginx.ts'
import type { Violation } from '../evidence.ts'
import { exchangesOf } from '../history.ts'
import { openHouse } from '../house.ts'
import { type Figure, postgresOf, type Trial } from '../trial.ts'
import { underLoad } from '../under-load.ts'

/** Three instances behind nginx are stopped and started, one after the other, while people talk. */
export const rolling: Trial = {
  name: 'rolling',
  promises: ['R1', 'R2', 'R3', 'R4', 'R5', 'R10', 'R13'],
  database: 'postgres',
  quick: 1,
  long: 30,
  unable: async () => (hasNginx ? undefined : 'nginx is not installed'),
  async run(world) {
    const { random } = world
    const house = await openHouse({ postgres: postgresOf(world) })
    const nginx = await startNginx(house.instances)
    house.doors = [{ name: 'nginx', url: nginx.url, passedOver: false }]
    const exits: number[] = []
    try {
      const outcome = await underLoad({
        house,
        random,
        people: 6,
        standstill: 5000,
        async disturb({ fault }) {
          for (const instance of house.instances) {
            await setTimeout(500)
            const began = performance.now()
            await instance.kill('SIGTERM')
            exits.push(performance.now() - began)
            fault(`SIGTERM ${instance.name}`)
            await instance.start()
          }
        },
        examine: () => findFailures(house.history),
      })
      const figures: Figure[] = [
        { promise: 'R13', name: 'exit', value: Math.max(...exits), limit: 30_000, unit: 'ms' },
      ]
      return { ...outcome, figures: [...outcome.figures, ...figures] }
    } finally {
      await nginx.close()
    }
  },
}

/** Requests that a client would have had to repeat. */
function findFailures(history: Parameters<typeof exchangesOf>[0]): Violation[] {
  return exchangesOf(history)
    .filter(({ status }) => status === null || status >= 500)
    .map(({ act, status }) => ({
      promise: 'R13',
      what: `${JSON.stringify(act)} was answered ${status ?? 'not at all'}`,
    }))
}
