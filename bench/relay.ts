/** The limit: a bare `node:http` server that pipes the model's bytes through unread. */
import { Agent, createServer, request as sendRequest } from 'node:http'
import { announce, exitWithParent } from './process-entry.ts'

function main(): void {
  exitWithParent()
  const [, , model] = process.argv
  if (!model) throw new Error('Usage: relay.ts MODEL_URL')
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const server = createServer((request, response) => {
    const upstream = sendRequest(
      `${model}${request.url}`,
      { method: request.method ?? 'GET', headers: request.headers, agent },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    upstream.on('error', () => response.destroy())
    response.on('close', () => {
      if (!response.writableFinished) upstream.destroy()
    })
    request.pipe(upstream)
  })
  server.listen(0, '127.0.0.1', () => announce(server))
}

main()
