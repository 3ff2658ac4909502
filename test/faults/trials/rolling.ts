import { setTimeout } from 'node:timers/promises'
import { hasNginx, startNginx } from '../../support/nginx.ts'
import type { Random } from '../../support/random.ts'
import { type Child, childrenOf, orphansAmong } from '../children.ts'
import type { Violation } from '../evidence.ts'
import { exchangesOf } from '../history.ts'
import { type House, type Instance, openHouse } from '../house.ts'
import { type Figure, postgresOf, type Trial } from '../trial.ts'
import { underLoad } from '../under-load.ts'
import { createSession, say } from '../visitor.ts'
import { finish } from './busy.ts'

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
    const house = await openHouse({ postgres: postgresOf(world), withChildren: true })
    for (const instance of house.instances) await giveChildren(house, random, instance)
    const nginx = await startNginx(house.instances)
    house.doors = [{ name: 'nginx', url: nginx.url, passedOver: false }]
    const exits: number[] = []
    const orphans: Violation[] = []
    try {
      const outcome = await underLoad({
        house,
        random,
        people: 6,
        standstill: 5000,
        async disturb({ fault }) {
          for (const instance of house.instances) {
            await setTimeout(500)
            const children = await childrenOf(instance.pid())
            const began = performance.now()
            await instance.kill('SIGTERM')
            exits.push(performance.now() - began)
            fault(`SIGTERM ${instance.name}`)
            orphans.push(...(await findOrphans(instance.name, children)))
            await instance.start()
          }
        },
        examine: () => [...findFailures(house.history), ...orphans],
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

/** A job, an MCP server and a sandbox that are there when the instance stops. */
async function giveChildren(house: House, random: Random, instance: Instance): Promise<void> {
  const alone = { ...house, doors: [instance] }
  const { name } = instance
  const session = await createSession(alone, random, `children-${name}`)
  const run = await say(alone, random, { session, kind: 'children', item: `of-${name}` })
  await finish(alone, random, session, run ?? '')
}

async function findOrphans(name: string, children: Child[]): Promise<Violation[]> {
  const commands = children.map(({ command }) => command)
  const lacking = ['sleep 600', 'server-everything'].filter(
    (part) => !commands.some((command) => command.includes(part)),
  )
  const orphans = await orphansAmong(children)
  return [
    ...lacking.map((part) => `${name} had no child ${part}: ${JSON.stringify(commands)}`),
    ...orphans.map(({ command }) => `${name} is gone and left ${command}`),
  ].map((what) => ({ promise: 'R13' as const, what }))
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
