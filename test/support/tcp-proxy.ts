import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * What goes wrong between the two ends. delay: bytes arrive so many milliseconds later. halve: half
 * of the next bytes for the client arrive, then the connection is cut. black_hole: nothing arrives
 * and nobody is told; once it is lifted, what was sent arrives, as TCP sends it again.
 */
export type TcpFault =
  | { kind: 'none' }
  | { kind: 'delay'; milliseconds: number }
  | { kind: 'halve' }
  | { kind: 'black_hole' }

export type ProxiedConnection = {
  /** The first bytes that the client sent, as Latin-1: what kind of connection it is. */
  beginning(): string
  inject(fault: TcpFault): void
  /** Ends it with a reset. */
  cut(): void
}

export type TcpProxy = {
  port: number
  /** Those that are open. */
  connections(): ProxiedConnection[]
  /** For all connections, those that are open and those to come. */
  inject(fault: TcpFault): void
  /** Cuts all connections; new ones are taken. */
  cut(): void
  /** Cuts all connections and takes none until `accept`. */
  refuse(): Promise<void>
  accept(): Promise<void>
  close(): Promise<void>
}

/** Changes what the server sends on one connection; made anew for each. */
export type TransformBytes = (chunk: Buffer) => Buffer

/**
 * A way to a TCP server on which faults can be put, for all connections or for one:
 *
 *     const proxy = await openTcpProxy({ target: { host, port } })
 *     proxy.inject({ kind: 'black_hole' })
 *     proxy.connections().find(isListener)?.cut()
 */
export async function openTcpProxy({
  target,
  createTransform = () => (chunk) => chunk,
}: {
  target: { host: string; port: number }
  createTransform?: () => TransformBytes
}): Promise<TcpProxy> {
  const connections = new Set<ProxiedConnection>()
  let current: TcpFault = { kind: 'none' }
  const server = createServer((client) => {
    const connection = relay({
      client,
      server: connect(target),
      transform: createTransform(),
      onClose: () => connections.delete(connection),
    })
    connection.inject(current)
    connections.add(connection)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port')
  const { port } = address

  function cut(): void {
    for (const connection of connections) connection.cut()
  }

  async function refuse(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    cut()
    await closed
  }

  return {
    port,
    connections: () => [...connections],
    inject(fault) {
      current = fault
      for (const connection of connections) connection.inject(fault)
    },
    cut,
    refuse,
    async accept() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    close: refuse,
  }
}

/** The same place by way of the proxy. */
export function throughProxy(url: string, { port }: Pick<TcpProxy, 'port'>): string {
  const proxied = new URL(url)
  proxied.hostname = '127.0.0.1'
  proxied.port = String(port)
  return proxied.href
}

const beginningSize = 4096

function relay({
  client,
  server,
  transform,
  onClose,
}: {
  client: Socket
  server: Socket
  transform: TransformBytes
  onClose: () => void
}): ProxiedConnection {
  let fault: TcpFault = { kind: 'none' }
  let beginning = ''
  const lanes = [
    openLane({ from: client, to: server, faultNow: () => fault, transform: keepBeginning }),
    openLane({ from: server, to: client, faultNow: () => fault, transform, halves: cut }),
  ]

  function keepBeginning(chunk: Buffer): Buffer {
    if (beginning.length < beginningSize) beginning += chunk.toString('latin1')
    return chunk
  }

  function cut(): void {
    client.resetAndDestroy()
    server.resetAndDestroy()
  }

  client.once('close', () => {
    server.destroy()
    onClose()
  })
  server.once('close', () => client.destroy())
  return {
    beginning: () => beginning,
    cut,
    inject(next) {
      fault = next
      for (const lane of lanes) lane.changed()
    },
  }
}

/** One direction. Bytes keep their order whatever the fault is. */
function openLane({
  from,
  to,
  faultNow,
  transform,
  halves,
}: {
  from: Socket
  to: Socket
  faultNow: () => TcpFault
  transform: TransformBytes
  /** Called when half of a chunk is through; the lane to the server is never halved. */
  halves?: () => void
}) {
  let delivery: Promise<unknown> = Promise.resolve()

  function pass(chunk: Buffer): void {
    const fault = faultNow()
    if (fault.kind === 'delay') {
      const wait = new Promise((resolve) => setTimeout(resolve, fault.milliseconds))
      delivery = Promise.all([delivery, wait])
    }
    delivery = delivery.then(() => deliver(chunk))
  }

  function deliver(chunk: Buffer): void {
    const bytes = transform(chunk)
    if (to.destroyed || bytes.length === 0) return
    if (faultNow().kind !== 'halve' || !halves) {
      to.write(bytes)
      return
    }
    to.write(bytes.subarray(0, bytes.length >> 1), halves)
  }

  from.on('data', pass)
  from.on('error', () => to.destroy())
  from.on('end', () => void delivery.then(() => to.end()))
  return {
    changed() {
      if (faultNow().kind === 'black_hole') from.pause()
      else from.resume()
    },
  }
}
