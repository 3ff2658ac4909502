import { setTimeout } from 'node:timers/promises'
import type { Random } from '../../support/random.ts'
import { faultEnvironment } from '../environment.ts'
import { type Instance, openHouse } from '../house.ts'
import { type FaultPoint, faultPoints } from '../points.ts'
import type { Trial } from '../trial.ts'
import { type Disturbance, underLoad } from '../under-load.ts'

/** Points that people's doings come by; those of the archive and of the first boot have trials of their own. */
const points = faultPoints.filter(({ name }) => !/^(archive|migration)\./.test(name))
const people = 4

/** The process dies at a named point of its source; each trial takes the next one. */
export const atPoint: Trial = {
  name: 'point',
  promises: ['R1', 'R2', 'R3', 'R4', 'R5', 'R8', 'R9', 'R10'],
  database: 'embedded',
  quick: points.length,
  long: points.length * 10,
  async run({ random, seed }) {
    const point = points[seed % points.length]
    if (!point) throw new Error('There are no fault points')
    const fault = faultEnvironment({ fault: `${point.name}:kill:${passage(point, random)}` })
    const isLate = /^(drain|recovery)\./.test(point.name)
    const house = await openHouse({ environments: isLate ? {} : { a: fault } })
    const [instance] = house.instances
    return underLoad({
      house,
      random,
      people,
      standstill: 2000,
      async disturb(disturbance) {
        if (point.name.startsWith('recovery.')) await restart(instance, fault, disturbance)
        if (point.name.startsWith('drain.')) {
          await restart(instance, fault, disturbance)
          await setTimeout(300 + random.below(500))
          process.kill(instance.pid(), 'SIGTERM')
        }
        await instance.gone()
        await startWithout(instance, disturbance)
      },
    })
  },
}

/** Sessions are made first, and their keys are no matter here. */
function passage({ name }: FaultPoint, random: Random): number {
  if (/^(recovery|drain|lease)\./.test(name)) return 1
  return (name.startsWith('key.') ? people : 0) + 1 + random.below(3)
}

/** Dies while runs are on their way, and comes back with the fault in it. */
async function restart(
  instance: Instance,
  fault: Record<string, string>,
  { fault: tell, restored }: Disturbance,
): Promise<void> {
  await setTimeout(600)
  await instance.kill()
  tell('kill -9')
  Object.assign(instance.environment, fault)
  // It may die before it listens.
  await instance.start().catch(() => undefined)
  restored()
}

async function startWithout(instance: Instance, { restored }: Disturbance): Promise<void> {
  for (const name of Object.keys(faultEnvironment({ fault: '' }))) delete instance.environment[name]
  await instance.start()
  restored()
}
