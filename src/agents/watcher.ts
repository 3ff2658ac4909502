import type { FSWatcher } from 'node:fs'
import { watch } from 'node:fs'

/** `fs.watch`, as far as it is used. */
export type WatchDirectory = (
  directory: string,
  options: { persistent: false },
  onEvent: () => void,
) => FSWatcher

export type Watcher = {
  /** Watches these directories and no others. */
  watch(directories: Iterable<string>): void
  /** Asks for another look after a moment. */
  lookAgain(): void
  close(): void
}

/**
 * Says that something may have changed: soon after the file system says so, and every
 * `pollInterval` milliseconds, because some file systems never do. Whoever is told looks for itself.
 */
export function createWatcher({
  onHint,
  pollInterval,
  debounce,
  watchDirectory = watch,
}: {
  onHint: () => void
  pollInterval: number
  debounce: number
  watchDirectory?: WatchDirectory
}): Watcher {
  const open = new Map<string, FSWatcher>()
  const poll = setInterval(onHint, pollInterval).unref()
  let pending: NodeJS.Timeout | undefined

  function lookAgain(): void {
    // One save is several events; the first starts the wait, so that a busy directory is not starved.
    pending ??= setTimeout(() => {
      pending = undefined
      onHint()
    }, debounce).unref()
  }

  function start(directory: string): void {
    try {
      const watcher = watchDirectory(directory, { persistent: false }, lookAgain)
      watcher.on('error', () => stop(directory))
      open.set(directory, watcher)
    } catch {
      // No such directory, or no more watches: the poll finds out what happens there.
    }
  }

  function stop(directory: string): void {
    open.get(directory)?.close()
    open.delete(directory)
  }

  return {
    watch(directories) {
      const wanted = new Set(directories)
      for (const directory of open.keys()) if (!wanted.has(directory)) stop(directory)
      for (const directory of wanted) if (!open.has(directory)) start(directory)
    },
    lookAgain,
    close() {
      clearInterval(poll)
      clearTimeout(pending)
      for (const directory of [...open.keys()]) stop(directory)
    },
  }
}
