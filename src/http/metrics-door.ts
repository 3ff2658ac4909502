import { createServer } from 'node:http'
import { metricsType } from './handlers/service.ts'
import { bind, toUrl } from './listen.ts'

/** An address where anybody who reaches it gets the metrics, and nothing else. */
export async function openMetricsDoor({
  host,
  port,
  readMetrics,
  onError,
}: {
  host: string
  port: number
  readMetrics: () => Promise<string>
  onError: (error: unknown) => void
}): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const isRead = request.method === 'GET' && request.url?.split('?')[0] === '/metrics'
    if (!isRead) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Only GET /metrics is here\n')
      return
    }
    readMetrics().then(
      (text) => response.writeHead(200, { 'Content-Type': metricsType }).end(text),
      (error: unknown) => {
        onError(error)
        response.writeHead(500).end()
      },
    )
  })
  await bind(server, { host, port, flag: '--metrics-listen' })
  return {
    url: toUrl(server.address(), host),
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
