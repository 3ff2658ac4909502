import { Problem } from '#contract/problem.ts'
import type { Session } from '#contract/session.ts'
import type { Call } from './dialect.ts'
import type { Fields } from './fields.ts'

const scheme = 'parley://sessions/'
const mimeType = 'application/json'

/** Conversations, the latest first. */
export async function listResources(house: Call['house'], { cursor }: Fields): Promise<object> {
  const place = typeof cursor === 'string' ? { cursor } : {}
  const { data, next_cursor } = await house.sessions.list({ limit: 100, ...place })
  return {
    resources: data.map(toResource),
    ...(next_cursor !== null && { nextCursor: next_cursor }),
  }
}

export function listTemplates(): object {
  return {
    resourceTemplates: [
      {
        uriTemplate: `${scheme}{session_id}`,
        name: 'session',
        title: 'A conversation',
        description: 'What was said, by the id of the session',
        mimeType,
      },
    ],
  }
}

export async function readResource(house: Call['house'], { uri }: Fields): Promise<object> {
  const session = await house.sessions.get(sessionOf(uri))
  if (!session) throw missing(uri)
  const { id, title, agent, status, created_at, updated_at } = session
  const messages = await house.sessions.allMessages(id)
  const said = messages.map(({ role, agent_name, content, tool_calls: calls }) => ({
    role,
    ...(agent_name !== null && { agent: agent_name }),
    content,
    ...(calls && { tool_calls: calls.map(({ function: called }) => called) }),
  }))
  const text = JSON.stringify({ id, title, agent, status, created_at, updated_at, messages: said })
  return { contents: [{ uri, mimeType, text }] }
}

/** Ids of sessions that begin like this, of the latest hundred. */
export async function completeSession(house: Call['house'], begun: string): Promise<string[]> {
  const { data } = await house.sessions.list({ limit: 100 })
  return data.map(({ id, external_id }) => external_id ?? id).filter((id) => id.startsWith(begun))
}

function toResource({ id, external_id, title, agent, updated_at }: Session) {
  const name = external_id ?? id
  return {
    uri: scheme + encodeURIComponent(name),
    name,
    ...(title !== null && { title }),
    ...(agent !== null && { description: `A conversation with ${agent}` }),
    mimeType,
    annotations: { lastModified: updated_at },
  }
}

function sessionOf(uri: unknown): string {
  if (typeof uri !== 'string' || !uri.startsWith(scheme)) throw missing(uri)
  try {
    return decodeURIComponent(uri.slice(scheme.length))
  } catch (cause) {
    throw missing(uri, cause)
  }
}

function missing(uri: unknown, cause?: unknown): Problem {
  return new Problem('not_found', `There is no resource ${uri}`, { cause })
}
