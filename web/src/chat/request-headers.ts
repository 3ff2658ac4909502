/** Starts answer at once; the log shows the run. */
export function inBackground(key: string = newKey()) {
  return { prefer: 'respond-async', 'idempotency-key': key }
}

/** A request that is sent again, by whatever lies on the way, acts once. */
export function once() {
  return { 'idempotency-key': newKey() }
}

/** A page that came over plain HTTP has no `randomUUID`. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
