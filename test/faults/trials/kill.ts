import { setTimeout } from 'node:timers/promises'
import { openHouse } from '../house.ts'
import { postgresOf, type Trial } from '../trial.ts'
import { underLoad } from '../under-load.ts'

/** `kill -9` at any moment while people talk, with one process on the embedded database. */
export const killEmbedded: Trial = {
  name: 'kill-embedded',
  promises: ['R1', 'R2', 'R3', 'R4', 'R5', 'R8', 'R10', 'R17'],
  database: 'embedded',
  quick: 8,
  long: 100,
  async run({ random }) {
    const house = await openHouse({})
    house.ledger.answerAfter(30)
    return underLoad({
      house,
      random,
      standstill: 2000,
      async disturb({ fault, restored }) {
        for (let kill = 0; kill < 2; kill += 1) {
          await setTimeout(100 + random.below(1200))
          await house.instances[0].kill()
          fault('kill -9')
          await house.instances[0].start()
          restored()
        }
      },
    })
  },
}

/** The same with three processes on Postgres: the others take over while the dead one is away. */
export const killPostgres: Trial = {
  name: 'kill-postgres',
  promises: ['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R8', 'R10'],
  database: 'postgres',
  quick: 3,
  long: 50,
  async run(world) {
    const { random } = world
    const house = await openHouse({ postgres: postgresOf(world) })
    house.ledger.answerAfter(30)
    return underLoad({
      house,
      random,
      people: 6,
      standstill: 20_000,
      async disturb({ fault }) {
        for (let kill = 0; kill < 2; kill += 1) {
          await setTimeout(100 + random.below(1200))
          const victim = random.pick(house.instances)
          await victim.kill()
          fault(`kill -9 ${victim.name}`)
          await setTimeout(random.below(2000))
          await victim.start()
        }
      },
    })
  },
}
