export type IdPrefix = 'ses' | 'msg' | 'run' | 'call' | 'apr' | 'eli'
export type Ids = { next(prefix: IdPrefix): string }

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const randomBits = 80n

/**
 * Ids that sort by their creation: a prefix and a ULID, 48 bits of time and 80 random ones. Those
 * made in the same millisecond count up, and a clock that goes back is not followed.
 */
export function createIds({
  now,
  random,
}: {
  /** Milliseconds since the epoch. */
  now: () => number
  /** That many random bytes. */
  random: (size: number) => Uint8Array
}): Ids {
  let last = -1n
  return {
    next(prefix) {
      const fresh = (BigInt(Math.floor(now())) << randomBits) | toBigInt(random(10))
      last = fresh >> randomBits > last >> randomBits ? fresh : last + 1n
      return `${prefix}_${encode(last)}`
    },
  }
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function encode(value: bigint): string {
  let text = ''
  for (let rest = value, index = 0; index < 26; index += 1, rest >>= 5n) {
    text = alphabet.charAt(Number(rest & 31n)) + text
  }
  return text
}
