import type { HeldKey } from '#store/idempotency.ts'

export type HeldKeys = { add(key: HeldKey): void; remove(key: HeldKey): void }

/** Milliseconds; a third of what a key is held without a word. */
const extendEvery = 2000

/**
 * Says for the keys of requests that take their time that their holder lives: where it dies, the next
 * request has the key a few seconds later. Most requests are over before the first word.
 */
export function createHeldKeys({
  extend,
}: {
  /** Answers those that are still to be held. */
  extend(keys: HeldKey[]): Promise<HeldKey[]>
}): HeldKeys {
  const held = new Set<HeldKey>()
  let known: HeldKey[] = []
  let timer: NodeJS.Timeout | undefined

  async function extendKnown(): Promise<void> {
    const old = known.filter((key) => held.has(key))
    known = [...held]
    if (held.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
    if (old.length === 0) return
    try {
      const kept = new Set(await extend(old))
      for (const key of old) if (!kept.has(key)) held.delete(key)
    } catch {
      // The database is away, for those who would take the key, too.
    }
  }

  return {
    add(key) {
      held.add(key)
      timer ??= setInterval(() => void extendKnown(), extendEvery).unref()
    },
    remove: (key) => void held.delete(key),
  }
}
