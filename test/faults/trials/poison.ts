import { setTimeout } from 'node:timers/promises'
import { faultEnvironment } from '../environment.ts'
import { openHouse } from '../house.ts'
import type { Trial } from '../trial.ts'
import { underLoad } from '../under-load.ts'

/** Before its rows are read, and when it is about to go on. */
const moments = ['recovery.claimed', 'recovery.before-step'] as const

/** Whoever takes a run up dies, each time: after three attempts the run fails and the server lives. */
export const poison: Trial = {
  name: 'poison',
  promises: ['R4', 'R10'],
  database: 'embedded',
  quick: 2,
  long: 20,
  async run({ random, seed }) {
    const point = moments[seed % moments.length] ?? moments[0]
    const house = await openHouse({})
    const [instance] = house.instances
    house.ledger.answerAfter(100)
    let starts = 0
    const outcome = await underLoad({
      house,
      random,
      people: 1,
      // A run that waited would begin to count anew.
      rounds: ['text', 'tool'],
      standstill: 2000,
      async disturb({ fault, restored }) {
        await setTimeout(700)
        await instance.kill()
        fault('kill -9')
        Object.assign(instance.environment, faultEnvironment({ fault: `${point}:kill:*` }))
        const recovers = () => house.fired().length
        for (let before = -1; recovers() > before && starts < 10; starts += 1) {
          before = recovers()
          await instance.kill()
          await instance.start().catch(() => undefined)
          restored()
          await Promise.race([instance.gone(), setTimeout(3000)])
        }
      },
    })
    const figures = [
      { promise: 'R4' as const, name: 'attempts', value: starts - 1, limit: 3, unit: '' as const },
    ]
    return { ...outcome, figures: [...outcome.figures, ...figures] }
  },
}
