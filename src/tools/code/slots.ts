export type Slots = {
  /** Waits for a place, first come first served; the answer gives it back. Throws on abort. */
  take(group: string, signal: AbortSignal): Promise<() => void>
}

/** `size` places, of which one group holds at most `groupSize`. */
export function createSlots({ size, groupSize }: { size: number; groupSize: number }): Slots {
  const held = new Map<string, number>()
  const waiting = new Set<{ group: string; admit(): void }>()
  let taken = 0

  const heldBy = (group: string) => held.get(group) ?? 0
  const isFree = (group: string) => taken < size && heldBy(group) < groupSize

  function hold(group: string) {
    taken += 1
    held.set(group, heldBy(group) + 1)
  }

  function release(group: string) {
    taken -= 1
    const left = heldBy(group) - 1
    if (left > 0) held.set(group, left)
    else held.delete(group)
    for (const next of waiting) if (isFree(next.group)) next.admit()
  }

  return {
    async take(group, signal) {
      signal.throwIfAborted()
      if (isFree(group)) hold(group)
      else {
        await new Promise<void>((resolve, reject) => {
          const onAbort = () => {
            waiting.delete(entry)
            reject(signal.reason)
          }
          const entry = {
            group,
            admit() {
              waiting.delete(entry)
              signal.removeEventListener('abort', onAbort)
              hold(group)
              resolve()
            },
          }
          waiting.add(entry)
          signal.addEventListener('abort', onAbort, { once: true })
        })
      }
      return () => release(group)
    },
  }
}
