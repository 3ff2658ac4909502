import { setTimeout } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import type { Act } from './history.ts'
import type { Door, House } from './house.ts'

/** Milliseconds after which a client gives up on one request, and on all of its repetitions. */
const patience = 12_000
const persistence = 60_000

export type Answer = { status: number; body: unknown }
type Asked = { act: Act; method: 'GET' | 'POST'; path: string; body?: unknown }

/** Asks one instance once, and writes down what came of it; null: no answer came. */
export async function ask(house: House, to: Door, asked: Asked): Promise<Answer | null> {
  const { act, method, path, body } = asked
  const { history } = house
  const request = history.nextId()
  history.add({ kind: 'asked', request, instance: to.name, act })
  try {
    const response = await fetch(to.url + path, {
      method,
      signal: AbortSignal.timeout(patience),
      headers: headersOf(act),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer = { status: response.status, body: parse(await response.text()) }
    history.add({ kind: 'answered', request, ...answer })
    return answer
  } catch (error) {
    history.add({ kind: 'unanswered', request, reason: String(error) })
    return null
  }
}

/** Asks any instance, again and again with the same key, until there is an answer that stays. */
export async function insist(house: House, random: Random, asked: Asked): Promise<Answer> {
  const deadline = performance.now() + persistence
  for (;;) {
    const answer = await ask(house, pickDoor(house, random), asked)
    if (answer && !mayChange(answer)) return answer
    if (performance.now() > deadline) {
      throw new Error(`${asked.method} ${asked.path} got no answer: ${JSON.stringify(answer)}`)
    }
    await setTimeout(100 + random.below(100))
  }
}

export function pickDoor({ doors }: Pick<House, 'doors'>, random: Random): Door {
  return random.pick(doors.filter(({ passedOver }) => !passedOver))
}

function mayChange({ status, body }: Answer): boolean {
  return status >= 500 || status === 429 || codeOf(body) === 'idempotency_in_flight'
}

export function codeOf(body: unknown): string {
  return textIn(body, 'code')
}

/** A field of an answer; '' when it has none. */
export function textIn(body: unknown, field: string): string {
  const value = typeof body === 'object' && body !== null ? Object.entries(body) : []
  return String(value.find(([name]) => name === field)?.[1] ?? '')
}

function headersOf(act: Act): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json',
    ...('key' in act && act.key !== undefined && { 'idempotency-key': act.key }),
    ...(act.type === 'post' && { prefer: 'respond-async' }),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
