import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { createGuardedFetch, type GuardedRequest, type Resolve } from '#tools/guarded-fetch.ts'

/** An HTTP server on loopback, and how often it was asked. */
export async function loopbackServer(answer: RequestListener) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.headers.host}${request.url}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, requests }
}

/** Every name ends at loopback, as far as nothing else is said. */
export const toLoopback: Resolve = async () => [{ address: '127.0.0.1', family: 4 }]

export function guarded({
  resolve = toLoopback,
  allowHosts = [],
}: {
  resolve?: Resolve
  allowHosts?: string[]
} = {}) {
  const guardedFetch = createGuardedFetch({ resolve, allowHosts })
  return (url: string, request: Partial<GuardedRequest> = {}) =>
    guardedFetch({ url, signal: new AbortController().signal, timeout: 10_000, ...request })
}
