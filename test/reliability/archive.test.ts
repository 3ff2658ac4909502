import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createClient } from '#client/index.ts'
import { ask, newSession } from '../journeys/conversation.ts'
import { createHome } from '../support/app.ts'
import { archiveSecret, startArchiveReceiver } from '../support/archive-receiver.ts'
import { checkedFetch } from '../support/contract.ts'
import { testServer } from '../support/database.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'

const model = await startModelServer({ script: [{ text: ['Hello.'] }], repeat: true })
const environment = { PARLEY_ARCHIVE_SECRET: archiveSecret }
afterAll(() => model.close())

/** A database of its own: what one test left undelivered is not the other's. */
async function openHome() {
  const home = await createHome({ baseUrl: model.baseUrl })
  onTestFinished(() => home.remove())
  return home
}

test('a server that is killed between a run and its delivery delivers when it is back', async () => {
  const home = await openHome()
  let isBack = false
  const archive = await startArchiveReceiver({
    answer: (response) => void (isBack && response.writeHead(204).end()),
  })
  const server = await startServerProcess({ home, flags: archive.flags, environment })
  try {
    const app = { client: createClient({ baseUrl: server.url, fetch: checkedFetch() }) }
    const { run } = await ask(app, { session: await newSession(app), message: 'Hi' })
    await archive.until(1)
    await server.kill('SIGKILL')
    isBack = true
    await server.start()
    const [first, again] = await archive.until(2)
    expect(again).toEqual({ ...first, turn: expect.objectContaining({ run }), signed: true })
  } finally {
    await server.kill()
    await archive.close()
  }
}, 90_000)

test.runIf(testServer())(
  'one instance delivers what another left when it was killed',
  async () => {
    const home = await openHome()
    const archive = await startArchiveReceiver({
      answer: (response, _, index) => void (index > 0 && response.writeHead(204).end()),
    })
    const options = { home, flags: archive.flags, environment }
    const servers = [await startServerProcess(options), await startServerProcess(options)]
    try {
      const app = {
        client: createClient({ baseUrl: servers[0]?.url ?? '', fetch: checkedFetch() }),
      }
      const { run } = await ask(app, { session: await newSession(app), message: 'Hi' })
      await archive.until(1)
      await servers[0]?.kill('SIGKILL')
      const turns = await archive.until(2)
      expect(turns.map(({ turn }) => turn.run.id)).toEqual([run.id, run.id])
    } finally {
      for (const server of servers) await server.kill()
      await archive.close()
    }
  },
  90_000,
)
