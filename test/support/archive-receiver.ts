import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FinishedTurn } from '#contract/finished-turn.ts'

export const archiveSecret = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`

export type Received = {
  /** The header `webhook-id`. */
  id: string
  /** Held against the contract. */
  turn: FinishedTurn
  /** Whether the request carries a signature by the secret. */
  signed: boolean
}

/** Ends the answer, now, later or never; a request that is never answered hangs. */
export type Answer = (response: ServerResponse, received: Received, index: number) => void

export type ArchiveReceiver = {
  url: string
  /** The flags of a server that sends its turns here. */
  flags: string[]
  received: Received[]
  /** Resolves when `count` turns have come in all. */
  until(count: number): Promise<Received[]>
  close(): Promise<void>
}

export const take: Answer = (response) => void response.writeHead(204).end()

/** A receiver of finished turns on loopback, which checks every signature. */
export async function startArchiveReceiver({
  answer = take,
  port = 0,
}: {
  answer?: Answer
  port?: number
} = {}): Promise<ArchiveReceiver> {
  const received: Received[] = []
  let look: () => void = () => undefined
  const server = createServer((request, response) => {
    void readText(request).then((text) => {
      const turn: FinishedTurn = JSON.parse(text)
      FinishedTurn.parse(turn)
      const index = received.push({ ...checkSignature(request, text), turn }) - 1
      const last = received[index]
      if (last) answer(response, last, index)
      look()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${place}/turns`,
    flags: ['--archive-url', `http://${place}/turns`, '--allow-host', place],
    received,
    until: (count) =>
      new Promise((resolve) => {
        look = () => {
          if (received.length >= count) resolve(received)
        }
        look()
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function checkSignature({ headers }: IncomingMessage, body: string) {
  const id = String(headers['webhook-id'])
  const key = Buffer.from(archiveSecret.slice('whsec_'.length), 'base64')
  const digest = createHmac('sha256', key)
    .update(`${id}.${headers['webhook-timestamp']}.${body}`)
    .digest('base64')
  return { id, signed: headers['webhook-signature'] === `v1,${digest}` }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks = await request.toArray()
  return Buffer.concat(chunks).toString('utf8')
}
