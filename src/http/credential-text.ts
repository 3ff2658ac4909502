import { createHash, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

export type CredentialText =
  | { type: 'key'; id: string; digest: string }
  | { type: 'token'; digest: string }

/**
 * The text of a new key: `pk_`, the digits of its id, 32 random bytes and a checksum, by which a
 * wrong copy is told without looking for it, and a leaked one by scanners.
 */
export function writeKey(id: string, random: Uint8Array): { text: string; digest: string } {
  return withChecksum(`pk_${id.replace(/^key_/, '')}_${Buffer.from(random).toString('hex')}`)
}

export function writeToken(random: Uint8Array): { text: string; digest: string } {
  return withChecksum(`st_${Buffer.from(random).toString('hex')}`)
}

/** What a text of ours names; undefined for any other text, and for one with a typing error. */
export function readCredential(text: string): CredentialText | undefined {
  const match = /^(?:pk_([0-9a-z]{26})|st)_[0-9a-f]{64}_[0-9a-f]{8}$/.exec(text)
  if (!match || checksumOf(text.slice(0, -9)) !== text.slice(-8)) return undefined
  const [, id] = match
  const digest = digestOf(text)
  return id === undefined ? { type: 'token', digest } : { type: 'key', id: `key_${id}`, digest }
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Takes as long for every pair of digests. */
export function isSameDigest(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'))
}

function withChecksum(text: string): { text: string; digest: string } {
  const whole = `${text}_${checksumOf(text)}`
  return { text: whole, digest: digestOf(whole) }
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
