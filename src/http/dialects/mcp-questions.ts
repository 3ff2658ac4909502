import type { RuntimeEvent } from '#contract/event.ts'
import { Problem } from '#contract/problem.ts'
import type { Approval, Elicitation } from '#contract/session.ts'
import type { Call } from './dialect.ts'
import { type Fields, isFields } from './fields.ts'
import type { RequestId } from './mcp-message.ts'

type Asks = { form: boolean; url: boolean }

/** A request to the client, which asks its user; its id says what the answer is to. */
export type Question = { id: string; method: 'elicitation/create'; params: object }

type AskedApproval = Pick<Approval, 'tool_call'> & { approval_id: string; agent: string }
type AskedElicitation = Pick<Elicitation, 'message' | 'mode' | 'schema' | 'url'> & {
  elicitation_id: string
  session_id: string
}

/** null when the client cannot ask this. */
export function questionOf(event: RuntimeEvent, asks: Asks): Question | null {
  if (event.type === 'tool_call_confirmation') return askApproval(event, asks)
  return event.type === 'elicitation_request' ? askElicitation(event, asks) : null
}

export function askApproval(
  { approval_id, agent, tool_call: { function: called } }: AskedApproval,
  { form }: Asks,
): Question | null {
  if (!form) return null
  return {
    id: `approval/${approval_id}`,
    method: 'elicitation/create',
    params: {
      message: `${agent} wants to call ${called.name} with ${called.arguments || '{}'}. Is it allowed?`,
      requestedSchema: {
        type: 'object',
        properties: {
          decision: {
            type: 'string',
            title: 'Decision',
            description:
              'This call, this tool in the conversation, everything in it, or not at all',
            enum: Object.keys(decisions),
          },
          reason: { type: 'string', title: 'Reason', description: 'The agent is told' },
        },
        required: ['decision'],
      },
    },
  }
}

export function askElicitation(
  { elicitation_id, session_id, message, mode, schema, url }: AskedElicitation,
  asks: Asks,
): Question | null {
  const place = `${session_id}/${elicitation_id}`
  const method = 'elicitation/create'
  if (mode === 'url') {
    const params = { mode, message, url, elicitationId: elicitation_id }
    return asks.url ? { id: `question/${place}`, method, params } : null
  }
  if (!asks.form) return null
  if (schema === undefined) {
    return { id: `question/${place}`, method, params: { message, requestedSchema: plainAnswer } }
  }
  if (isFlat(schema)) {
    return { id: `question/${place}`, method, params: { message, requestedSchema: schema } }
  }
  const wanted = `${message}\n\nThe answer is JSON that fits ${JSON.stringify(schema)}`
  const params = { message: wanted, requestedSchema: plainAnswer }
  return { id: `json/${place}`, method, params }
}

const plainAnswer = {
  type: 'object',
  properties: { answer: { type: 'string', title: 'Answer' } },
  required: ['answer'],
}

/** Forms have fields of simple values; what goes deeper is asked for as text. */
function isFlat({ type, properties }: Fields): boolean {
  if (type !== 'object' || !isFields(properties)) return false
  return Object.values(properties).every((field) => isFields(field) && isSimple(field))
}

function isSimple({ type, items }: Fields): boolean {
  if (type === 'array') return isFields(items) && (Array.isArray(items.enum) || 'anyOf' in items)
  return type === 'string' || type === 'number' || type === 'integer' || type === 'boolean'
}

const decisions = {
  approve: { decision: 'approve', scope: 'call' },
  'approve-tool': { decision: 'approve', scope: 'tool' },
  'approve-session': { decision: 'approve', scope: 'session' },
  reject: { decision: 'reject', scope: 'call' },
} as const

/**
 * Takes what the client answered; null is that it could not ask. What was answered before, here or
 * at another door, stays as it is.
 */
export async function takeAnswer(
  house: Call['house'],
  id: RequestId | null,
  result: Fields | null,
): Promise<void> {
  const [, kind, place = '', inner] =
    /^(approval|question|json)\/([a-z]{3}_[0-9a-z]{1,40})(?:\/(eli_[0-9a-z]{1,40}))?$/.exec(
      String(id),
    ) ?? []
  if (kind === undefined) return
  try {
    if (kind === 'approval') {
      await house.runs.decide(place, toDecision(result))
      return
    }
    await house.runs.answerElicitation({
      session: place,
      ...(inner !== undefined && { elicitationId: inner }),
      ...toReply(result, kind === 'json'),
    })
  } catch (error) {
    if (!(error instanceof Problem) || !settled.has(error.code)) throw error
  }
}

const settled = new Set(['already_decided', 'nothing_pending', 'not_found'])

function toDecision(result: Fields | null) {
  const rejected = { decision: 'reject', scope: 'call' } as const
  if (result === null) return { ...rejected, reason: 'The client could not ask its user' }
  if (result.action === 'decline') return { ...rejected, reason: 'The user declined' }
  if (result.action !== 'accept') return { ...rejected, reason: 'The user gave no answer' }
  const { decision, reason } = isFields(result.content) ? result.content : {}
  if (!isDecision(decision)) {
    throw new Problem(
      'validation_failed',
      `decision must be one of ${Object.keys(decisions).join(', ')}`,
    )
  }
  const given = typeof reason === 'string' && reason !== ''
  return { ...decisions[decision], ...(given && { reason: reason.slice(0, 2000) }) }
}

function isDecision(value: unknown): value is keyof typeof decisions {
  return typeof value === 'string' && Object.hasOwn(decisions, value)
}

function toReply(result: Fields | null, isJson: boolean) {
  if (result?.action === 'decline') return { action: 'decline' as const, content: null }
  if (result?.action !== 'accept') return { action: 'cancel' as const, content: null }
  const content = isFields(result.content) ? result.content : null
  return { action: 'accept' as const, content: isJson ? parsed(content?.answer) : content }
}

function parsed(answer: unknown): Fields {
  try {
    const value: unknown = JSON.parse(String(answer))
    if (isFields(value)) return value
  } catch {
    // Told below, as any other value that is no object.
  }
  throw new Problem('validation_failed', 'answer must be the JSON text of an object')
}
