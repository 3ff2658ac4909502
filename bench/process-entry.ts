import type { Server } from 'node:net'

/** Tells the process that started this one where it listens. */
export function announce(server: Server): void {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Not listening on a port')
  process.send?.({ type: 'ready', url: `http://127.0.0.1:${address.port}` })
}

/** A helper never outlives the bench, also when that one is killed. */
export function exitWithParent(): void {
  process.on('disconnect', () => process.exit(0))
}
