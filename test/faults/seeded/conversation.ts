import { setTimeout } from 'node:timers/promises'
import type { Random } from '../../support/random.ts'
import { insist } from '../client.ts'
import type { PromiseId, Violation } from '../evidence.ts'
import type { House } from '../house.ts'
import type { MessageKind } from '../model.ts'
import type { SeenEvent, Viewer } from '../viewer.ts'
import { createSession, say } from '../visitor.ts'
import type { Stage } from './bug-trial.ts'

type Said = { kind: MessageKind; item: string }

/** A conversation with its first message, and a page that shows it. */
export async function begin(stage: Stage, random: Random, said: Said) {
  const session = await createSession(stage, random, said.item)
  const viewer = stage.follow(session)
  const run = await sayFirst(stage, random, { session, ...said })
  return { session, viewer, run }
}

/** Posts the first message of a conversation; answers its run. */
export async function sayFirst(
  house: House,
  random: Random,
  said: Said & { session: string },
): Promise<string> {
  const run = await say(house, random, said)
  if (run === null) throw new Error(`${said.session} is busy before anything was said in it`)
  return run
}

/** A violation of the promise when the viewer does not see such an event of the run in time. */
export async function expectSeen(
  viewer: Viewer,
  {
    run,
    type = 'stream_stopped',
    promise,
    limit,
  }: { run: string; type?: SeenEvent['type']; promise: PromiseId; limit: number },
): Promise<Violation[]> {
  const late = new AbortController()
  const seen = viewer.until((event) => event.type === type && event.run_id === run)
  seen.catch(() => undefined)
  const timer = setTimeout(limit, 'late' as const, { signal: late.signal })
  const first = await Promise.race([seen, timer])
  if (first === 'late') {
    return [{ promise, what: `a viewer sees the end in time: no ${type} of ${run} in ${limit} ms` }]
  }
  late.abort()
  timer.catch(() => undefined)
  return []
}

/** Decides an approval until somebody takes the decision. */
export async function decideFor(
  house: House,
  {
    random,
    session,
    approval,
    decision,
  }: { random: Random; session: string; approval: string; decision: 'approve' | 'reject' },
): Promise<void> {
  await insist(house, random, {
    act: { type: 'decide', session, approval, decision },
    method: 'POST',
    path: `/api/approvals/${approval}`,
    body: { decision },
  })
}
