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

/** What waits for this waits with an approval or an elicitation. */
export function isQuestion(reason: string): boolean {
  return reason === 'approval' || reason === 'elicitation'
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
 * at another door, stays as it is. A client asks once: an answer that does not fit is none.
 */
export async function takeAnswer(
  house: Call['house'],
  id: RequestId | null,
  result: Fields | null,
): Promise<void> {
  const place = readPlace(id)
  if (!place) return
  try {
    await answer(house, place, result)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.code === 'validation_failed') await answer(house, place, null)
    else if (!settled.has(error.code)) throw error
  }
}

const settled = new Set(['already_decided', 'nothing_pending', 'not_found'])

/** What the id of a question names. */
type QuestionPlace =
  | { type: 'approval'; approval: string }
  | { type: 'question'; session: string; elicitation: string; isJson: boolean }

function readPlace(id: RequestId | null): QuestionPlace | null {
  const [, approval] = /^approval\/(apr_[0-9a-z]{1,40})$/.exec(String(id)) ?? []
  if (approval !== undefined) return { type: 'approval', approval }
  const [, kind, session, elicitation] =
    /^(question|json)\/(ses_[0-9a-z]{1,40})\/(eli_[0-9a-z]{1,40})$/.exec(String(id)) ?? []
  if (session === undefined || elicitation === undefined) return null
  return { type: 'question', session, elicitation, isJson: kind === 'json' }
}

async function answer(
  house: Call['house'],
  place: QuestionPlace,
  result: Fields | null,
): Promise<void> {
  if (place.type === 'approval') {
    await house.runs.decide(place.approval, toDecision(result))
    return
  }
  const { session, elicitation: elicitationId, isJson } = place
  await house.runs.answerElicitation({ session, elicitationId, ...toReply(result, isJson) })
}

function toDecision(result: Fields | null) {
  const rejected = { decision: 'reject', scope: 'call' } as const
  if (result?.action === 'decline') return { ...rejected, reason: 'The user declined' }
  const content = result?.action === 'accept' && isFields(result.content) ? result.content : {}
  const { decision, reason } = content
  if (!isDecision(decision)) return { ...rejected, reason: 'The user gave no answer' }
  const given = typeof reason === 'string' && reason !== ''
  return { ...decisions[decision], ...(given && { reason: reason.slice(0, 2000) }) }
}

function isDecision(value: unknown): value is keyof typeof decisions {
  return typeof value === 'string' && Object.hasOwn(decisions, value)
}

type Reply = { action: 'accept' | 'decline' | 'cancel'; content: Fields | null }

function toReply(result: Fields | null, isJson: boolean): Reply {
  if (result?.action === 'decline') return { action: 'decline', content: null }
  const content = result?.action === 'accept' && isFields(result.content) ? result.content : null
  const value = isJson ? parsed(content?.answer) : content
  return value === null ? { action: 'cancel', content: null } : { action: 'accept', content: value }
}

function parsed(answer: unknown): Fields | null {
  try {
    const value: unknown = JSON.parse(String(answer))
    return isFields(value) ? value : null
  } catch {
    return null
  }
}
