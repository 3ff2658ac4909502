import type { Evidence, Rule } from './evidence.ts'
import { type Exchange, exchangesOf, isAcknowledged } from './history.ts'

export const acknowledgedRules: readonly Rule[] = [
  { promise: 'R3', name: 'an acknowledged session is kept', find: findLostSessions },
  {
    promise: 'R3',
    name: 'an acknowledged message is kept, and no message is there twice',
    find: findLostMessages,
  },
  { promise: 'R3', name: 'an acknowledged cancel is kept', find: findLostCancels },
  { promise: 'R3', name: 'an acknowledged decision is kept', find: findLostDecisions },
  { promise: 'R8', name: 'one key has one answer', find: findSplitKeys },
  { promise: 'R9', name: 'an approval is decided one way', find: findSplitDecisions },
]

function findLostSessions({ history, contents }: Evidence): string[] {
  const known = new Set(contents.sessions.map(({ id }) => id))
  return exchangesOf(history)
    .filter((exchange) => exchange.act.type === 'create' && isAcknowledged(exchange))
    .map(({ body }) => fieldOf(body, 'id'))
    .filter((id) => !known.has(id))
    .map((id) => `${id} was created and is not there`)
}

function findLostMessages({ history, contents }: Evidence): string[] {
  const times = new Map<string, number>()
  for (const [session, log] of contents.logs) {
    for (const { event } of log) {
      if (event.type !== 'user_message') continue
      const place = `${session} ${event.message.content}`
      times.set(place, (times.get(place) ?? 0) + 1)
    }
  }
  const posts = new Map<string, boolean>()
  for (const exchange of exchangesOf(history)) {
    if (exchange.act.type !== 'post') continue
    const place = `${exchange.act.session} ${exchange.act.message}`
    const kept = isAcknowledged(exchange) && !neverBegan(contents, fieldOf(exchange.body, 'id'))
    posts.set(place, posts.get(place) || kept)
  }
  return [...posts].flatMap(([place, acknowledged]) => {
    const found = times.get(place) ?? 0
    if (found > 1) return [`“${place}” is in the log ${found} times`]
    return acknowledged && found === 0 ? [`“${place}” was acknowledged and is not in the log`] : []
  })
}

/** A run that was cancelled while it was queued: its messages never come to the log. */
function neverBegan({ runs, logs }: Evidence['contents'], id: string): boolean {
  const run = runs.find((each) => each.id === id)
  const log = logs.get(run?.sessionId ?? '') ?? []
  return run?.status === 'cancelled' && !log.some(({ event }) => event.run_id === id)
}

/** A cancel that was answered with an ended run, or with a promise to end it. */
function findLostCancels({ history, contents }: Evidence): string[] {
  const runs = new Map(contents.runs.map(({ id, status }) => [id, status]))
  return exchangesOf(history).flatMap((exchange) => {
    if (exchange.act.type !== 'cancel' || !isAcknowledged(exchange)) return []
    const told = fieldOf(exchange.body, 'status')
    const stored = runs.get(exchange.act.run) ?? 'nothing'
    if (isTerminal(told) ? told === stored : isTerminal(stored)) return []
    return [`${exchange.act.run} was ${told} when its cancel was answered and is ${stored}`]
  })
}

const decided = { approve: 'approved', reject: 'rejected' } as const

function findLostDecisions({ history, contents }: Evidence): string[] {
  const stored = new Map(contents.approvals.map(({ id, status }) => [id, status]))
  return exchangesOf(history).flatMap((exchange) => {
    if (exchange.act.type !== 'decide' || !isAcknowledged(exchange)) return []
    const { approval, decision } = exchange.act
    const status = stored.get(approval) ?? 'nothing'
    return status === decided[decision]
      ? []
      : [`${approval}: ${decision} was taken, it is ${status}`]
  })
}

function findSplitKeys({ history }: Evidence): string[] {
  const answers = new Map<string, Set<string>>()
  for (const exchange of exchangesOf(history)) {
    const key = 'key' in exchange.act ? exchange.act.key : undefined
    if (key === undefined || !isAcknowledged(exchange)) continue
    const ids = answers.get(key) ?? new Set()
    answers.set(key, ids.add(fieldOf(exchange.body, 'id')))
  }
  return [...answers]
    .filter(([, ids]) => ids.size > 1)
    .map(([key, ids]) => `${key} was answered with ${[...ids].join(' and ')}`)
}

function findSplitDecisions({ history }: Evidence): string[] {
  const accepted = new Map<string, Set<string>>()
  for (const exchange of exchangesOf(history).filter(isAcknowledged)) {
    if (exchange.act.type !== 'decide') continue
    const { approval, decision } = exchange.act
    accepted.set(approval, (accepted.get(approval) ?? new Set()).add(decision))
  }
  return [...accepted]
    .filter(([, decisions]) => decisions.size > 1)
    .map(([approval]) => `${approval} was both approved and rejected`)
}

export function isTerminal(status: string): boolean {
  return ['completed', 'failed', 'cancelled'].includes(status)
}

function fieldOf(body: Exchange['body'], field: string): string {
  const fields = typeof body === 'object' && body !== null ? Object.entries(body) : []
  return String(fields.find(([name]) => name === field)?.[1] ?? '')
}
