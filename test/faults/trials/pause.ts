import { setTimeout } from 'node:timers/promises'
import { openHouse } from '../house.ts'
import { postgresOf, type Trial } from '../trial.ts'
import { underLoad } from '../under-load.ts'

/** An instance sleeps for longer than its leases hold, and wakes up when others have taken over. */
export const pause: Trial = {
  name: 'pause',
  promises: ['R1', 'R2', 'R4', 'R5', 'R6', 'R7'],
  database: 'postgres',
  quick: 2,
  long: 30,
  async run(world) {
    const { random } = world
    const house = await openHouse({ postgres: postgresOf(world) })
    house.ledger.answerAfter(100)
    return underLoad({
      house,
      random,
      people: 6,
      standstill: 20_000,
      async disturb({ fault }) {
        await setTimeout(300 + random.below(1000))
        const victim = random.pick(house.instances)
        process.kill(victim.pid(), 'SIGSTOP')
        fault(`SIGSTOP ${victim.name}`)
        await setTimeout(20_000 + random.below(4000))
        process.kill(victim.pid(), 'SIGCONT')
        fault(`SIGCONT ${victim.name}`)
        await setTimeout(1500)
      },
    })
  },
}
