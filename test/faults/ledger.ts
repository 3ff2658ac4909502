import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { setTimeout } from 'node:timers/promises'

/** One execution of a tool, as the outside world saw it. */
export type Execution = { callId: string; item: string }

export type Ledger = {
  /** `host:port` of the service that the agents' tools call. */
  host: string
  url: string
  /** Milliseconds between what a call does and the answer to it. */
  answerAfter(milliseconds: number): void
  read(): Execution[]
  close(): Promise<void>
}

/**
 * A service with an effect: each call is one line in a file that is on the disk before the call is
 * answered, whatever happens to the server that called and to its database.
 */
export async function openLedger(file: string): Promise<Ledger> {
  const descriptor = openSync(file, 'a')
  let delay = 0
  const server = createServer(async (request, response) => {
    const callId = String(request.headers['idempotency-key'] ?? '')
    const { item } = JSON.parse(await readText(request))
    writeSync(descriptor, `${JSON.stringify({ callId, item } satisfies Execution)}\n`)
    fsyncSync(descriptor)
    if (delay > 0) await setTimeout(delay)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ recorded: item }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The ledger has no port')
  const host = `127.0.0.1:${address.port}`
  return {
    host,
    url: `http://${host}/record`,
    answerAfter(milliseconds) {
      delay = milliseconds
    },
    read: () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      closeSync(descriptor)
    },
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
