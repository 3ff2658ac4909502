import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'

export type SlowPage = {
  url: string
  /** For `--allow-host`. */
  host: string
  /** How many times the page was asked for. */
  count(): number
  /** Resolves when it has been asked for that many times. */
  asked(times: number): Promise<void>
  /** Answers all who wait. */
  release(): void
}

/** A page that a tool fetches and that answers only when the test says so. */
export async function startSlowPage(): Promise<SlowPage> {
  const waiting: ServerResponse[] = []
  let count = 0
  const server = createServer((_, response) => {
    count += 1
    waiting.push(response)
    server.emit('asked')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}/page`,
    host,
    count: () => count,
    async asked(times) {
      while (count < times) await once(server, 'asked')
    },
    release() {
      for (const response of waiting.splice(0)) {
        response.writeHead(200, { 'content-type': 'text/plain' }).end('slow page')
      }
    },
  }
}
