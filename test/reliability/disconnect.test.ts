import { expect, test } from 'vitest'
import { newSession, start, until } from '../journeys/conversation.ts'
import { startApp } from '../support/app.ts'
import { createRandom } from '../support/random.ts'
import { type Frame, framesOf, readBytes } from './frames.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const cuts = Number(process.env.TRIALS ?? 200)
const app = await startApp({ lifetime: 'file' })
const words = Array.from({ length: 1500 }, (_, index) => `wörd${index} `)

/** Reads the stream in pieces that end at a random byte, each after the last whole event. */
async function readInPieces(url: string, pieces: number): Promise<Frame[]> {
  const random = createRandom(seed)
  const frames: Frame[] = []
  for (let piece = 0; piece < pieces; piece += 1) {
    const last = frames.at(-1)?.seq
    const { status, text } = await readBytes(url, { after: last ?? 0, limit: random.below(3000) })
    expect([200, 204]).toContain(status)
    frames.push(...framesOf(text))
  }
  const rest = await readBytes(url, { after: frames.at(-1)?.seq ?? 0, limit: Infinity })
  return [...frames, ...framesOf(rest.text)]
}

function expectWhole(frames: Frame[], reference: Frame[]): void {
  expect(frames.map(({ seq }) => seq)).toEqual(reference.map(({ seq }) => seq))
  expect(frames).toEqual(reference)
}

test(`a reader that is cut at any byte gets every event exactly once (seed ${seed})`, async () => {
  const session = await newSession(app)
  app.model.push({ text: words, delayPerChunk: 1 })
  const run = await start(app, { session, message: 'Tell me' })
  const url = `${app.url}/api/runs/${run.id}/events`
  const live = await readInPieces(url, cuts / 2)
  const { text } = await readBytes(url, { after: 0, limit: Infinity })
  expectWhole(live, framesOf(text))
  expect(live.at(-1)?.data).toContain('"type":"stream_stopped"')
  expectWhole(await readInPieces(url, cuts / 2), framesOf(text))
}, 120_000)

test(`a viewer of the session that is cut loses nothing between two runs (seed ${seed})`, async () => {
  const session = await newSession(app)
  app.model.push({ text: words.slice(0, 300) }, { text: words.slice(0, 300), delayPerChunk: 1 })
  const first = await start(app, { session })
  await until(app, first.id, 'stream_stopped')
  const second = await start(app, { session })
  const random = createRandom(seed)
  const frames: Frame[] = []
  const url = `${app.url}/api/sessions/${session}/events`
  const isEnd = (text: string) =>
    text.includes('"type":"stream_stopped"') && text.includes(`"run_id":"${second.id}"`)
  while (!isEnd(frames.at(-1)?.data ?? '')) {
    const after = frames.at(-1)?.seq ?? 0
    const limit = random.below(6000)
    frames.push(...framesOf((await readBytes(url, { after, limit, enough: isEnd })).text))
  }
  const { data } = await app.client.GET('/api/sessions/{session}/events', {
    params: { path: { session }, query: { limit: 500 } },
  })
  expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1))
  const reference = data.data.map(({ seq }) => seq)
  expect(frames.slice(0, 500).map(({ seq }) => seq)).toEqual(reference)
}, 60_000)
