import { createHmac } from 'node:crypto'

/** The fewest bytes that a secret may have, as Standard Webhooks wants it. */
const fewestBytes = 24

/**
 * The keys of a secret: `whsec_` and base64, or any text, which counts byte for byte. Several are
 * parted by white space, so that a receiver may change from one to another. Throws an `Error` that
 * says what is wrong and never shows the secret.
 */
export function readSigningKeys(secret: string): Buffer[] {
  return secret.trim().split(/\s+/).map(readKey)
}

/** The headers of Standard Webhooks; the signature has one part for each key. */
export function signWebhook({
  id,
  seconds,
  body,
  keys,
}: {
  id: string
  /** Since the epoch. */
  seconds: number
  body: string
  keys: readonly Buffer[]
}): Record<string, string> {
  const signatures = keys.map((key) => {
    const digest = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
    return `v1,${digest}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  }
}

function readKey(text: string): Buffer {
  const key = text.startsWith('whsec_')
    ? fromBase64(text.slice('whsec_'.length))
    : Buffer.from(text)
  if (key.length >= fewestBytes) return key
  throw new Error(
    `each secret needs at least ${fewestBytes} bytes, and spaces part several; make one with: echo "whsec_$(openssl rand -base64 32)"`,
  )
}

function fromBase64(text: string): Buffer {
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return Buffer.from(text, 'base64')
  throw new Error('what follows whsec_ must be base64')
}
