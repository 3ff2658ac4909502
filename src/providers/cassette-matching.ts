import { ModelFailure } from '#runtime/model.ts'
import type { Interaction } from './cassette.ts'
import { isObject, type JsonObject, parseJson } from './chunk.ts'
import type { TransportRequest } from './transport.ts'

export type Matcher = {
  /** The next recorded answer to a request like this, or why there is none. */
  find(request: Pick<TransportRequest, 'method' | 'url' | 'body'>): Interaction | ModelFailure
}

/**
 * Two requests are the same when their method, their operation (the end of the path) and their
 * bodies are equal. In bodies, the ids of tool calls count by the order in which they appear, and
 * limits of the answer's length and `stream_options` don't count.
 */
export function createMatcher({
  interactions,
  file,
}: {
  interactions: Interaction[]
  file: string
}): Matcher {
  const byKey = new Map<string, { recorded: Interaction[]; position: number }>()
  const bodies = interactions.map(({ requestBody }) => normalise(requestBody))
  for (const [index, interaction] of interactions.entries()) {
    const { method, url } = interaction
    const key = keyOf(method, new URL(url).pathname, bodies[index])
    const entry = byKey.get(key) ?? { recorded: [], position: 0 }
    entry.recorded.push(interaction)
    byKey.set(key, entry)
  }

  return {
    find({ method, url, body = '' }) {
      const wanted = normalise(body)
      const entry = byKey.get(keyOf(method, url.pathname, wanted))
      const found = entry?.recorded[entry.position]
      if (!entry || !found) return unmatched({ wanted, interactions, bodies, file, url })
      entry.position = (entry.position + 1) % entry.recorded.length
      return found
    },
  }
}

function keyOf(method: string, path: string, body: unknown): string {
  const operation = path.split('/').slice(-2).join('/')
  return `${method} ${operation} ${JSON.stringify(body)}`
}

const ignored = new Set([
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'maxOutputTokens',
  'stream_options',
])

/** The body with sorted keys; text that isn't JSON as it is. */
function normalise(text: string): unknown {
  const ids = new Map<string, string>()
  const body = parseJson(text)?.value
  if (!isObject(body)) return text
  const counted = Object.entries(body).filter(([key]) => !ignored.has(key))
  return normaliseValue(Object.fromEntries(counted), ids, '')
}

function normaliseValue(value: unknown, ids: Map<string, string>, key: string): unknown {
  if (Array.isArray(value)) {
    const [first] = value
    const isOneText = key === 'content' && value.length === 1 && isObject(first)
    if (isOneText && first.type === 'text') return first.text
    return value.map((item) => normaliseValue(item, ids, key === 'tool_calls' ? 'tool_call' : ''))
  }
  if (isObject(value)) return normaliseObject(value, ids, key)
  return value
}

function normaliseObject(value: JsonObject, ids: Map<string, string>, kind: string): JsonObject {
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    entries.map(([key, item]) => {
      const isId = key === 'tool_call_id' || (kind === 'tool_call' && key === 'id')
      if (isId && typeof item === 'string') return [key, ordinalOf(item, ids)]
      return [key, normaliseValue(item, ids, key)]
    }),
  )
}

function ordinalOf(id: string, ids: Map<string, string>): string {
  const known = ids.get(id) ?? `call ${ids.size + 1}`
  ids.set(id, known)
  return known
}

function unmatched({
  wanted,
  interactions,
  bodies,
  file,
  url,
}: {
  wanted: unknown
  interactions: Interaction[]
  bodies: unknown[]
  file: string
  url: URL
}): ModelFailure {
  const text = JSON.stringify(wanted)
  const shared = bodies.map((body) => commonLength(JSON.stringify(body), text))
  const closest = shared.indexOf(Math.max(...shared))
  const difference = firstDifference(bodies[closest], wanted, '')
  const where = difference
    ? `the closest, interaction ${interactions[closest]?.id}, differs at ${difference}`
    : `the closest, interaction ${interactions[closest]?.id}, was sent to another operation`
  return new ModelFailure(
    'model_error',
    `${file} has no answer to this request of ${url.pathname}: ${where}. Record it again with --record`,
    { retryable: false },
  )
}

function commonLength(left: string, right: string): number {
  let length = 0
  while (length < left.length && left[length] === right[length]) length += 1
  return length
}

function firstDifference(recorded: unknown, wanted: unknown, path: string): string | undefined {
  if (JSON.stringify(recorded) === JSON.stringify(wanted)) return undefined
  const isBranch =
    (isObject(recorded) && isObject(wanted)) || (Array.isArray(recorded) && Array.isArray(wanted))
  if (!isBranch)
    return `${path.slice(1) || 'the body'}: recorded ${show(recorded)}, now ${show(wanted)}`
  const left: JsonObject = { ...recorded }
  const right: JsonObject = { ...wanted }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const difference = firstDifference(left[key], right[key], `${path}.${key}`)
    if (difference !== undefined) return difference
  }
  return undefined
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
