import type { Approval, Elicitation, SessionDetail } from '#contract/session.ts'
import type { A2aMessage } from './a2a-message.ts'
import { dataPart, invalid, textPart } from './a2a-message.ts'
import type { Call } from './dialect.ts'
import { type Fields, isFields } from './fields.ts'

/** What a task waits for that its client can give; one thing at a time, approvals first. */
export type Question =
  | ({ type: 'approval' } & Pick<Approval, 'id' | 'tool_call' | 'expires_at'>)
  | ({ type: 'elicitation' } & Pick<
      Elicitation,
      'id' | 'message' | 'schema' | 'url' | 'expires_at'
    >)
  | { type: 'limit'; reason: string }

export function pendingQuestion(
  { pending_approvals: [approval], pending_elicitations: [elicitation] }: SessionDetail,
  reason: string | undefined,
): Question | null {
  if (approval) return { type: 'approval', ...approval }
  if (elicitation) return { type: 'elicitation', ...elicitation }
  return reason === undefined || isQuestion(reason) ? null : { type: 'limit', reason }
}

/** What waits for this waits with an approval or an elicitation. */
export function isQuestion(reason: string): boolean {
  return reason === 'approval' || reason === 'elicitation'
}

/** The question as parts of a message: words for people, data for programs. */
export function toParts(question: Question): object[] {
  switch (question.type) {
    case 'approval': {
      const { id, tool_call, expires_at } = question
      const { name, arguments: given } = tool_call.function
      const text = `May ${name} be called with ${given || '{}'}? Reply approve, approve-tool (this tool in the conversation), approve-session (everything in it), or reject and why.`
      return [textPart(text), dataPart({ approval_id: id, tool_call, expires_at })]
    }
    case 'elicitation': {
      const { id, message, schema, url, expires_at } = question
      const text = url === undefined ? message : `${message}\n${url}`
      const data = {
        elicitation_id: id,
        ...(schema && { schema }),
        ...(url && { url }),
        expires_at,
      }
      return [textPart(text), dataPart(data)]
    }
    case 'limit':
      return [
        textPart(
          `The task stopped at a limit (${question.reason}). Reply approve to go on, or reject.`,
        ),
      ]
  }
}

/** Answers the question with the next message of the task. */
export async function answerQuestion(
  house: Call['house'],
  { session, question, message }: { session: string; question: Question; message: A2aMessage },
): Promise<void> {
  if (question.type === 'elicitation') {
    const reply = toReply(question, message)
    await house.runs.answerElicitation({ session, elicitationId: question.id, ...reply })
    return
  }
  const decision = toDecision(message)
  if (question.type === 'limit') await house.runs.resume({ session, decision })
  else await house.runs.decide(namedApproval(message.data) ?? question.id, decision)
}

/** A program names what it decides about, so that it never decides about something else. */
function namedApproval(data: Fields | null): string | undefined {
  const id = data?.approval_id
  return typeof id === 'string' ? id : undefined
}

type Reply = { action: 'accept' | 'decline' | 'cancel'; content: Fields | null }

function toReply({ schema }: { schema?: unknown }, { data, text }: A2aMessage): Reply {
  const action = data?.action
  if (action === 'decline' || action === 'cancel') return { action, content: null }
  if (action === 'accept' && isFields(data?.content)) return { action, content: data.content }
  return { action: 'accept', content: data ?? toContent(text, schema) }
}

/** The text as the field that is asked for; a form of several fields is answered as JSON. */
function toContent(text: string, schema: unknown): Fields {
  try {
    const value: unknown = JSON.parse(text)
    if (isFields(value)) return value
  } catch {
    // Plain text, as most answers are.
  }
  const properties = isFields(schema) && isFields(schema.properties) ? schema.properties : {}
  return { [Object.keys(properties)[0] ?? 'answer']: text }
}

const decisions = {
  approve: { decision: 'approve', scope: 'call' },
  yes: { decision: 'approve', scope: 'call' },
  'approve-tool': { decision: 'approve', scope: 'tool' },
  'approve-session': { decision: 'approve', scope: 'session' },
  reject: { decision: 'reject', scope: 'call' },
  no: { decision: 'reject', scope: 'call' },
} as const

function toDecision({ data, text }: A2aMessage) {
  const said = typeof data?.decision === 'string' ? data.decision : text
  const [, word = '', rest = ''] = /^\s*([a-z-]+)[\s,.:;!]*(.*)$/is.exec(said) ?? []
  const key = word.toLowerCase()
  if (!isDecision(key)) {
    throw invalid('message', 'must begin with approve, approve-tool, approve-session or reject')
  }
  const reason = typeof data?.reason === 'string' ? data.reason : rest.trim()
  return { ...decisions[key], ...(reason !== '' && { reason: reason.slice(0, 2000) }) }
}

function isDecision(word: string): word is keyof typeof decisions {
  return Object.hasOwn(decisions, word)
}
