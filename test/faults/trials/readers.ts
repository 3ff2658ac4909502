import { connect, type Socket } from 'node:net'
import type { Script } from '../../support/model-server.ts'
import { type House, openHouse } from '../house.ts'
import { answerEnd, answerFrom } from '../model.ts'
import { type Figure, percentile, postgresOf, type Trial } from '../trial.ts'
import { openViewer } from '../viewer.ts'
import { createSession, say, untilOver } from '../visitor.ts'
import { inHouse } from './busy.ts'

const megabyte = 1024 * 1024
const readers = 500

/** Readers that take nothing, little, half-close and reset, beside one that reads. */
export const slowReaders: Trial = {
  name: 'slow-readers',
  promises: ['R1', 'R2', 'R12'],
  database: 'postgres',
  quick: 1,
  long: 20,
  async run(world) {
    const { random } = world
    const house = await openHouse({ postgres: postgresOf(world), names: ['a'], script: long })
    const sockets: Socket[] = []
    return inHouse(house, async () => {
      const [instance] = house.instances
      const session = await createSession(house, random, 'readers')
      const viewer = openViewer(house, { session, random, cuts: false })
      const fill = async (name: string) => {
        for (let part = 0; part < 20; part += 1) {
          const run = await say(house, random, { session, kind: 'text', item: `${name}${part}` })
          await untilOver({ house, random, viewer, run: run ?? '' })
        }
      }
      await fill('alone')
      const alone = [...viewer.arrivals()]
      const before = await instance.memory()
      for (let count = 0; count < readers; count += 1) sockets.push(await open(house, session))
      for (const socket of sockets.slice(0, 20)) readSlowly(socket)
      for (const socket of sockets.slice(20, 40)) socket.end()
      for (const socket of sockets.slice(40, 60)) socket.resetAndDestroy()
      // Over loopback the kernel takes more than two megabytes of each before it stalls.
      await fill('stalling')
      const seen = viewer.seen().length
      await fill('beside')
      const growth = ((await instance.memory()) - before) / megabyte
      const added = percentile(viewer.arrivals().slice(seen), 99) - percentile(alone, 99)
      for (const socket of sockets) socket.destroy()
      await viewer.stop()
      const figures: Figure[] = [
        { promise: 'R12', name: 'memory of 500', value: growth, limit: 200, unit: 'MB' },
        { promise: 'R12', name: 'neighbour p99 later by', value: added, limit: 20, unit: 'ms' },
      ]
      return { violations: [], fired: sockets.length, figures }
    }).finally(() => {
      for (const socket of sockets) socket.destroy()
    })
  },
}

/** A quarter of a megabyte, in pieces. */
const long: Script = (request) => {
  const answer = answerFrom(request)
  const text = Array.from({ length: 16 }, (_, index) => `${index} ${'x'.repeat(16 * 1024)} `)
  return answer.delayPerChunk ? { text: [...text, answerEnd], delayPerChunk: 2 } : answer
}

/** A connection that follows the session and, once it has begun, is not read. */
function open({ instances }: House, session: string): Promise<Socket> {
  const { host, hostname, port } = new URL(instances[0].url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => undefined)
  socket.write(
    `GET /api/sessions/${session}/events?after=latest HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`,
  )
  return new Promise((resolve) => {
    socket.once('data', () => {
      socket.pause()
      resolve(socket)
    })
  })
}

/** A kilobyte a second. */
function readSlowly(socket: Socket): void {
  const timer = setInterval(() => socket.read(1024), 1000)
  socket.on('close', () => clearInterval(timer))
}
