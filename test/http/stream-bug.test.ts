import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createEventStreams } from '#http/sse.ts'
import type { StreamView } from '#http/stream-view.ts'
import { createFeed } from '#runtime/feed.ts'
import { toFrame } from '#runtime/frame.ts'

test('a view that throws ends its own stream, and neither the commit nor its neighbours', async () => {
  const bugs: unknown[] = []
  const { url, feed } = await serve({ onBug: (error) => bugs.push(error) })
  const [broken, whole] = [await open(`${url}/broken`), await open(`${url}/whole`)]
  const ended = new Promise((resolve) => broken.once('error', resolve))
  broken.resume()
  feed.publish('ses_1', [frame()])
  expect(await ended).toMatchObject({ code: 'ECONNRESET' })
  const [text] = await once(whole, 'data')
  expect(String(text)).toBe('seen 1\n')
  expect(bugs).toEqual([new Error('cannot be shown')])
})

function frame() {
  const event = { runId: 'run_1', sessionId: 'ses_1', agent: 'root', type: 'warning', data: '{}' }
  return toFrame(event, { seq: 1, timestamp: '2026-01-01T00:00:00.000Z' })
}

function viewOf(show: StreamView['show']): StreamView {
  return { opening: '', show, isOver: () => false, heartbeat: () => '' }
}

async function serve({ onBug }: { onBug: (error: unknown) => void }) {
  const feed = createFeed({ read: async () => ({ frames: [], lost: false, more: false }) })
  const ticker = { subscribe: () => () => undefined }
  const streams = createEventStreams({ feed, ticker, onBug })
  const views: Record<string, StreamView> = {
    '/whole': viewOf(({ seq }) => `seen ${seq}\n`),
    '/broken': viewOf(() => {
      throw new Error('cannot be shown')
    }),
  }
  const server = createServer(({ url = '' }, outgoing) => {
    const view = views[url]
    if (view) streams.open({ outgoing, headers: {}, sessionId: 'ses_1', after: 0, view })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, feed }
}

async function open(url: string): Promise<IncomingMessage> {
  const [response] = await once(get(url), 'response')
  return response
}
