import { setTimeout } from 'node:timers/promises'
import { openTcpProxy, throughProxy } from '../../support/tcp-proxy.ts'
import { openHouse } from '../house.ts'
import { postgresOf, type Trial } from '../trial.ts'
import { underLoad } from '../under-load.ts'

/** Postgres crashes and comes back, twice, while people talk. */
export const databaseCrash: Trial = {
  name: 'database-crash',
  promises: ['R1', 'R2', 'R3', 'R4', 'R5', 'R10', 'R14'],
  database: 'postgres',
  quick: 2,
  long: 50,
  async run(world) {
    const { random } = world
    const postgres = postgresOf(world)
    const house = await openHouse({ postgres })
    return underLoad({
      house,
      random,
      people: 6,
      standstill: 5000,
      slowestAnswer: 5000,
      async disturb({ fault, restored }) {
        for (let crash = 0; crash < 2; crash += 1) {
          await setTimeout(500 + random.below(2000))
          await postgres.stop()
          fault('Postgres is away')
          await setTimeout(random.below(4000))
          await postgres.start()
          restored()
          await setTimeout(2000)
        }
      },
    })
  },
}

const faults = ['cut', 'halve', 'delay', 'black hole', 'refuse'] as const

/** What lies between one instance and Postgres breaks, each time in another way. */
export const databaseNetwork: Trial = {
  name: 'database-network',
  promises: ['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R10', 'R14'],
  database: 'postgres',
  quick: 2,
  long: 50,
  async run(world) {
    const { random } = world
    const postgres = postgresOf(world)
    const proxy = await openTcpProxy({ target: postgres })
    const house = await openHouse({
      postgres,
      flags: { a: (url) => ['--database-url', throughProxy(url, proxy)] },
    })
    try {
      return await underLoad({
        house,
        random,
        people: 6,
        standstill: 20_000,
        slowestAnswer: 5000,
        async disturb({ fault }) {
          for (const name of faults) {
            await setTimeout(200 + random.below(600))
            fault(name)
            await breakOnce(name, proxy, random.below(2500))
          }
        },
      })
    } finally {
      await proxy.close()
    }
  },
}

async function breakOnce(
  name: (typeof faults)[number],
  proxy: Awaited<ReturnType<typeof openTcpProxy>>,
  duration: number,
): Promise<void> {
  switch (name) {
    case 'cut':
      return proxy.cut()
    case 'halve':
      for (const connection of proxy.connections()) connection.inject({ kind: 'halve' })
      return
    case 'delay':
      proxy.inject({ kind: 'delay', milliseconds: 40 })
      break
    case 'black hole':
      proxy.inject({ kind: 'black_hole' })
      break
    case 'refuse':
      await proxy.refuse()
      await setTimeout(duration)
      return proxy.accept()
  }
  await setTimeout(1000 + duration)
  proxy.inject({ kind: 'none' })
}
