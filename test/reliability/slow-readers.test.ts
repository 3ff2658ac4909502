import { connect, type Socket } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import { expectGoesOn, newSession, start } from '../journeys/conversation.ts'
import { createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'
import { has, recordFrames } from './frames.ts'

/** Readers that take nothing; READERS says how many. */
const readers = Number(process.env.READERS ?? 100)
const megabyte = 1024 * 1024

const model = await startModelServer()
const agents = { assistant: 'agents: { root: { model: scripted } }' }
const home = await createHome({ agents, baseUrl: model.baseUrl })
const server = await startServerProcess({ home })
const sockets: Socket[] = []
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await server.kill()
  await model.close()
  await home.remove()
})
const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
const app = { client, model }

/** A connection that asks for a session's events; what it does with them is the caller's. */
function open(session: string): Promise<Socket> {
  const { host, hostname, port } = new URL(server.url)
  const socket = connect({ host: hostname, port: Number(port) })
  sockets.push(socket)
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

/** Reads a kilobyte a second at most, which is slower than anything is written. */
function readSlowly(socket: Socket): void {
  const timer = setInterval(() => socket.read(1024), 1000)
  socket.on('close', () => clearInterval(timer))
}

/** Several long answers, of so many megabytes in all; resolves when all are stored. */
async function fill(session: string, megabytes: number): Promise<void> {
  for (let part = 0; part < megabytes * 4; part += 1) {
    model.push({ text: Array.from({ length: 16 }, (_, index) => word(index)) })
    const run = await start(app, { session, message: 'A lot, please' })
    const recording = recordFrames(`${server.url}/api/runs/${run.id}/events`)
    await recording.until(has('stream_stopped'))
    expect(recording.frames().map(({ seq }) => seq)).toEqual(
      recording.frames().map((frame, index, all) => (all[0]?.seq ?? frame.seq) + index),
    )
  }
}
const word = (index: number) => `${index} ${'x'.repeat(16 * 1024)} `

test('readers that stall cost little memory, and one beside them gets everything', async () => {
  const session = await newSession(app)
  await fill(session, 8)
  const before = await server.memory()
  const stalled = await Promise.all(Array.from({ length: readers }, () => open(session)))
  for (const socket of stalled.slice(0, 10)) readSlowly(socket)
  for (const socket of stalled.slice(10, 20)) socket.end()
  for (const socket of stalled.slice(20, 30)) socket.resetAndDestroy()
  await fill(session, 12)
  const growth = (await server.memory()) - before
  // The pages of the embedded database grow the process, too; without readers by half of this.
  expect(Math.round(growth / megabyte)).toBeLessThan(300)
  await expectGoesOn(app, session)
}, 120_000)
