import type { ServerResponse } from 'node:http'
import type { Run } from '#contract/run.ts'

/** Milliseconds between looks at a run that waits to begin. */
const lookEvery = 1000

/**
 * Looks after a run that waits behind others until it begins or `outgoing` closes. One that ends
 * without having begun leaves no event for those who follow it: then `onGone` is called.
 */
export function watchWaiting({
  runId,
  readRun,
  outgoing,
  onGone,
}: {
  runId: string
  readRun(runId: string): Promise<Run | null>
  outgoing: ServerResponse
  onGone(): void
}): void {
  const timer = setInterval(() => void look(), lookEvery)
  timer.unref()
  outgoing.once('close', stop)

  function stop(): void {
    clearInterval(timer)
  }

  async function look(): Promise<void> {
    try {
      const run = await readRun(runId)
      if (run?.started_at) return stop()
      if (run?.status === 'queued' || run?.status === 'running') return
      stop()
      onGone()
    } catch {
      // The database is away: the next look tells.
    }
  }
}
