import type { TransformBytes } from './tcp-proxy.ts'

const notificationResponse = 'A'.charCodeAt(0)
/** A type and a length, which counts itself but not the type. */
const headerSize = 5

/**
 * For a proxy before Postgres: all that the server sends but its notifications. The connection
 * looks alive and answers, and yet nothing is ever heard on it.
 */
export function createNotificationFilter(): TransformBytes {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const kept: Buffer[] = []
    while (rest.length >= headerSize) {
      const size = 1 + rest.readUInt32BE(1)
      if (rest.length < size) break
      if (rest[0] !== notificationResponse) kept.push(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
    return Buffer.concat(kept)
  }
}
