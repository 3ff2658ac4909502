import { setTimeout } from 'node:timers/promises'
import { openHouse } from '../house.ts'
import { postgresOf, type Trial } from '../trial.ts'
import { underLoad } from '../under-load.ts'

const hour = 3_600_000
const jumps = [hour, -hour, 24 * hour, -24 * hour] as const

/** The clock of one instance jumps, and back, while people talk. */
export const clock: Trial = {
  name: 'clock',
  promises: ['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R18'],
  database: 'postgres',
  quick: 2,
  long: 40,
  async run(world) {
    const { random, seed } = world
    const environment = {
      NODE_OPTIONS: `--import=${new URL('../jumping-clock.ts', import.meta.url).href}`,
      PARLEY_CLOCK_JUMP: String(jumps[seed % jumps.length]),
    }
    const house = await openHouse({ postgres: postgresOf(world), environments: { a: environment } })
    const [a] = house.instances
    return underLoad({
      house,
      random,
      people: 6,
      // Nothing waits for a lease: a clock that jumps is no reason to take a run over.
      standstill: 5000,
      async disturb() {
        for (let count = 0; count < 3; count += 1) {
          await setTimeout(500 + random.below(1000))
          process.kill(a.pid(), 'SIGUSR2')
        }
        await setTimeout(500)
      },
    })
  },
}
