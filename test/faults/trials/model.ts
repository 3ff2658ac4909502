import { setTimeout } from 'node:timers/promises'
import { type FaultPosition, faultKinds } from '../../support/model-script.ts'
import type { Script } from '../../support/model-server.ts'
import { createRandom, type Random } from '../../support/random.ts'
import { openTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { openHouse } from '../house.ts'
import { answerFrom } from '../model.ts'
import type { Trial } from '../trial.ts'
import { underLoad } from '../under-load.ts'

const positions: readonly FaultPosition[] = ['start', 'middle', 'end']
/** Silence is ended after a minute, which a test of its own waits for. */
const kinds = faultKinds.filter((kind) => kind !== 'hang')

/** Every third answer of the model breaks, in any way at any place. */
export const modelFaults: Trial = {
  name: 'model-faults',
  promises: ['R1', 'R2', 'R4', 'R10', 'R11'],
  database: 'embedded',
  quick: 2,
  long: 60,
  async run({ random }) {
    let broken = 0
    const house = await openHouse({
      script: breaking(createRandom(random.below(2 ** 31)), () => {
        broken += 1
      }),
    })
    return underLoad({
      house,
      random,
      standstill: 30_000,
      async disturb({ fault }) {
        await setTimeout(6000)
        for (let count = 0; count < broken; count += 1) fault('model')
      },
    })
  },
}

function breaking(random: Random, tell: () => void): Script {
  return (request) => {
    const answer = answerFrom(request)
    // The last message has to work.
    if (!answer.delayPerChunk || random.below(3) > 0) return answer
    tell()
    return { ...answer, fault: { kind: random.pick(kinds), position: random.pick(positions) } }
  }
}

/** What lies between the server and the model breaks. */
export const modelNetwork: Trial = {
  name: 'model-network',
  promises: ['R1', 'R2', 'R4', 'R10', 'R11'],
  database: 'embedded',
  quick: 2,
  long: 50,
  async run({ random }) {
    let proxy: TcpProxy | undefined
    const house = await openHouse({
      modelPort: async (port) => {
        proxy = await openTcpProxy({ target: { host: '127.0.0.1', port } })
        return proxy.port
      },
    })
    try {
      return await underLoad({
        house,
        random,
        standstill: 30_000,
        async disturb({ fault }) {
          for (let count = 0; count < 8; count += 1) {
            await setTimeout(100 + random.below(400))
            const open = proxy?.connections() ?? []
            if (open.length === 0) continue
            const name = random.pick(['cut', 'halve'] as const)
            const connection = random.pick(open)
            if (name === 'cut') connection.cut()
            else connection.inject({ kind: 'halve' })
            fault(name)
          }
        },
      })
    } finally {
      await proxy?.close()
    }
  },
}
