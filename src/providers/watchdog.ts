export type Watch = {
  /** From now on, so many milliseconds of silence are allowed. */
  allow(milliseconds: number): void
  /** Something came: the silence begins again. */
  touch(): void
  /** Silence is allowed without end, until `touch` or `allow`. */
  hold(): void
  stop(): void
}

export type Watchdog = {
  /** `onSilent` is called once. Nothing is limited before the first `allow`. */
  watch(onSilent: () => void): Watch
}

/**
 * Watches any number of streams for silence with one shared, coarse timer; it runs only while
 * something is watched. It counts its own ticks instead of reading a clock, so that a process that
 * was stopped or blocked does not take its own pause for the silence of others.
 */
export function createWatchdog({ tick }: { tick: number }): Watchdog {
  type Entry = { left: number; limit: number; onSilent: () => void }
  const entries = new Set<Entry>()
  let timer: ReturnType<typeof setInterval> | undefined

  function count(): void {
    for (const entry of entries) {
      entry.left -= 1
      if (entry.left > 0) continue
      remove(entry)
      entry.onSilent()
    }
  }

  function remove(entry: Entry): void {
    entries.delete(entry)
    if (entries.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    watch(onSilent) {
      const entry: Entry = { left: Infinity, limit: Infinity, onSilent }
      entries.add(entry)
      timer ??= setInterval(count, tick).unref()
      return {
        allow(milliseconds) {
          entry.limit = Math.ceil(milliseconds / tick) + 1
          entry.left = entry.limit
        },
        touch() {
          entry.left = entry.limit
        },
        hold() {
          entry.left = Infinity
        },
        stop() {
          remove(entry)
        },
      }
    },
  }
}
