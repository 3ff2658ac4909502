import type { Random } from '../support/random.ts'
import { codeOf, insist, textIn } from './client.ts'
import type { House } from './house.ts'
import type { MessageKind } from './model.ts'
import { openViewer, type SeenEvent, type Viewer } from './viewer.ts'

export type Visitor = {
  session: string
  viewer: Viewer
  /** Resolves when the last round is over; rejects when a round does not end. */
  finished: Promise<void>
}

/** Milliseconds in which everything that a round waits for has to come. */
const roundLimit = 60_000

const everything = ['text', 'tool', 'pair', 'ask', 'ask', 'cancel', 'busy'] as const
export type RoundKind = (typeof everything)[number]

/** A person with one conversation, who says one thing after the other while `stays` holds. */
export async function openVisitor(
  house: House,
  {
    name,
    random,
    stays,
    rounds = everything,
  }: { name: string; random: Random; stays(): boolean; rounds?: readonly RoundKind[] },
): Promise<Visitor> {
  const session = await createSession(house, random, name)
  const viewer = openViewer(house, { session, random })
  const finished = (async () => {
    for (let round = 0; stays(); round += 1) {
      const what = random.pick(rounds)
      const item = `${name}r${round}`
      await within(
        `${what} ${item} of ${session}`,
        playRound({ house, random, viewer, what, item }),
      )
    }
  })()
  finished.catch(() => undefined)
  return { session, viewer, finished }
}

export async function createSession(house: House, random: Random, name: string): Promise<string> {
  const act = { type: 'create' as const, session: name, key: `create-${name}` }
  const { body } = await insist(house, random, {
    act,
    method: 'POST',
    path: '/api/sessions',
    body: {},
  })
  return textIn(body, 'id')
}

/** Rejects when it takes longer than anything in a round may take. */
export async function within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`${what} stands still for ${roundLimit / 1000} s`)),
    roundLimit,
  )
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

type Round = {
  house: House
  random: Random
  viewer: Viewer
  what: RoundKind
  item: string
}

async function playRound(round: Round): Promise<void> {
  const { house, random, viewer, what, item } = round
  const kind = what === 'cancel' || what === 'busy' ? random.pick(['text', 'tool'] as const) : what
  const run = await say(house, random, { session: viewer.session, kind, item })
  if (run === null) return
  if (what === 'cancel') await cancelRun(round, run)
  if (what === 'busy') await saySecond(round)
  await untilOver({ house, random, viewer, run })
}

/** Posts a message; answers its run, null when the session is busy with another one. */
export async function say(
  house: House,
  random: Random,
  {
    session,
    kind,
    item,
    key = `post-${item}`,
    options = {},
  }: {
    session: string
    kind: MessageKind
    item: string
    key?: string
    options?: Record<string, unknown>
  },
): Promise<string | null> {
  const message = `${kind} ${item}`
  const { status, body } = await insist(house, random, {
    act: { type: 'post', session, message, key },
    method: 'POST',
    path: `/api/sessions/${session}/agent/assistant`,
    body: { messages: [{ role: 'user', content: message }], ...options },
  })
  if (status === 202) return textIn(body, 'id')
  if (codeOf(body) === 'session_busy') return null
  throw new Error(`“${message}” was refused with ${status}: ${JSON.stringify(body)}`)
}

/** Waits for the end of a run, and decides what it asks on the way. */
export async function untilOver({
  house,
  random,
  viewer,
  run,
}: Pick<Round, 'house' | 'random' | 'viewer'> & { run: string }): Promise<void> {
  let from = 0
  for (;;) {
    const event = await viewer.until(
      ({ type, run_id }) => run_id === run && (type === 'stream_stopped' || isQuestion(type)),
      { from },
    )
    if (!isQuestion(event.type)) return
    from = viewer.seen().indexOf(event) + 1
    await decide(house, random, { viewer, event })
  }
}

const isQuestion = (type: string) => type === 'tool_call_confirmation'

/** Decides as one does who lost the first answer: sometimes the same thing is said twice. */
async function decide(
  house: House,
  random: Random,
  { viewer, event }: { viewer: Viewer; event: SeenEvent },
): Promise<void> {
  const decision = random.pick(['approve', 'approve', 'reject'] as const)
  const approval = String(event.approval_id)
  const { session } = viewer
  const act = { type: 'decide' as const, session, approval, decision, key: `decide-${approval}` }
  const byId = { path: `/api/approvals/${approval}`, body: { decision } }
  const bySession = {
    path: `/api/sessions/${session}/resume`,
    body: { confirmation: decision, tool_call_id: textIn(event.tool_call, 'id') },
  }
  const asked = { act, method: 'POST' as const, ...random.pick([byId, bySession]) }
  await insist(house, random, asked)
  if (random.below(3) === 0) await insist(house, random, asked)
}

async function cancelRun({ house, random, viewer }: Round, run: string): Promise<void> {
  const moments = ['stream_started', 'agent_choice', 'stream_stopped']
  const moment = random.pick(moments)
  await viewer.until(
    ({ type, run_id }) => run_id === run && (type === moment || type === 'stream_stopped'),
  )
  await insist(house, random, {
    act: { type: 'cancel', session: viewer.session, run, key: `cancel-${run}` },
    method: 'POST',
    path: `/api/runs/${run}/cancel`,
  })
}

/** Says something else before the answer is there. */
async function saySecond({ house, random, viewer, item }: Round): Promise<void> {
  const policy = random.pick(['enqueue', 'interrupt', 'steer'] as const)
  const { session } = viewer
  const second = await say(house, random, {
    session,
    kind: 'text',
    item: `${item}b`,
    options: { on_busy: policy },
  })
  if (second !== null) await untilOver({ house, random, viewer, run: second })
}
