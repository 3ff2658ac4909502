import type { ServerResponse } from 'node:http'
import type { Run } from '#contract/run.ts'
import type { Feed, Frame, StartedRun } from '#runtime/runtime.ts'
import { watchWaiting } from './waiting-run.ts'

/**
 * Follows a run from its first event until it is over or parked, or its caller went away. Answers
 * the run as it is then.
 */
export async function followUntilSettled({
  started: { run, after, begun },
  feed,
  readRun,
  outgoing,
  onFrame,
  isSettled = isOverOrParked,
  endsAt,
  onDisconnect,
}: {
  started: StartedRun
  feed: Pick<Feed, 'follow'>
  readRun(runId: string): Promise<Run | null>
  outgoing: ServerResponse
  onFrame(frame: Frame): void
  isSettled?: (run: Run) => boolean
  /** Nothing is waited for behind an event of this type. */
  endsAt?: Frame['type']
  /** The caller went away before there was an answer. */
  onDisconnect?: (() => void) | undefined
}): Promise<Run> {
  const follower = feed.follow({ sessionId: run.session_id, after })
  outgoing.once('close', () => {
    follower.close()
    if (!outgoing.writableFinished) onDisconnect?.()
  })
  if (!begun) watchWaiting({ runId: run.id, readRun, outgoing, onGone: () => follower.close() })
  try {
    for (;;) {
      const frames = await follower.next()
      if (!frames) {
        // Its caller went away; else it ended before it began, or its events are gone.
        const isAsItBegan = begun && !follower.isOver()
        return isAsItBegan ? run : ((await readRun(run.id)) ?? run)
      }
      for (const frame of frames) onFrame(frame)
      const isEnd = frames.some(({ type }) => type === endsAt)
      if (!isEnd && !frames.some(mayEndWait)) continue
      const current = await readRun(run.id)
      if (!current || isEnd || isSettled(current)) return current ?? run
    }
  } finally {
    follower.close()
  }
}

function mayEndWait({ type }: Frame): boolean {
  return type === 'stream_stopped' || type === 'run_waiting'
}

function isOverOrParked({ status }: Run): boolean {
  return status !== 'queued' && status !== 'running'
}
