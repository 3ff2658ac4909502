import { Problem } from '#contract/problem.ts'
import type { Run } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import type { Call } from './dialect.ts'
import { isFields } from './fields.ts'
import type { AgentTool } from './mcp-agents.ts'
import type { RequestId } from './mcp-message.ts'
import { askApproval, askElicitation, isQuestion, type Question } from './mcp-questions.ts'
import { answerOf, describeWaiting, type Outcome, toEnded } from './mcp-result.ts'
import type { McpSession } from './mcp-session.ts'

export type ToolRequest = {
  requestId: RequestId
  mcp: McpSession
  tool: AgentTool
  message: string | undefined
  /** As the client names it. */
  session: string | undefined
}

export type Started = Awaited<ReturnType<Call['house']['runs']['start']>>

/** A run to follow, or what there is to say at once. */
export type Begun =
  | { type: 'run'; started: Started; sessionId: string; questions: Question[] }
  | { type: 'outcome'; outcome: Outcome; sessionId: string; runId: string }

/** Starts a run, answers the question that the session waits with, or joins what it does. */
export async function begin(house: Call['house'], request: ToolRequest): Promise<Begun> {
  const { message, session } = request
  const known = session === undefined ? null : await house.sessions.detail(session)
  if (known && session !== undefined) {
    if (message === undefined) return join(house, { known, request, sessionId: session })
    if (known.pending_elicitations.length > 0) {
      const started = await answerQuestion(house, known, message)
      return { type: 'run', started, sessionId: session, questions: [] }
    }
  }
  const started = await house.runs.chat({
    agent: request.tool.name,
    messages: [{ role: 'user', content: message ?? defaultMessage }],
    options: {
      on_max_iterations: 'stop',
      on_budget: 'stop',
      metadata: requestMark(request.mcp, request.requestId),
    },
    ...(session !== undefined && { session }),
  })
  const sessionId = session ?? started.run.session_id
  return { type: 'run', started, sessionId, questions: [] }
}

/** An agent that needs no input is a tool without arguments. */
const defaultMessage = 'Begin.'

/** By which a run is found that a request began. */
export function requestMark({ id }: McpSession, request: RequestId): { mcp: object } {
  return { mcp: { session: id, request } }
}

async function join(
  house: Call['house'],
  { known, request, sessionId }: { known: SessionDetail; request: ToolRequest; sessionId: string },
): Promise<Begun> {
  const run = await (known.active_run_id
    ? house.runs.get(known.active_run_id)
    : house.runs.list(known.id, { limit: 1 }).then(({ data }) => data[0]))
  if (!run) throw new Problem('validation_failed', `Session ${sessionId} waits for a first message`)
  const said = (outcome: Outcome): Begun => ({ type: 'outcome', outcome, sessionId, runId: run.id })
  if (known.active_run_id === null) {
    const text = known.messages.map(answerOf).findLast((answer) => answer !== null)
    return said(endedOutcome(run, text ?? ''))
  }
  const questions = questionsOf(known, request.mcp)
  const reason = run.waiting_for?.kind
  if (questions === null || (reason !== undefined && !isQuestion(reason))) {
    const pending = { approvals: known.pending_approvals, elicitations: known.pending_elicitations }
    const text = describeWaiting(reason ?? 'elicitation', pending, sessionId)
    return said({ text, status: 'waiting' })
  }
  const started = { run, after: known.last_seq, begun: run.started_at !== null }
  return { type: 'run', started, sessionId, questions }
}

function endedOutcome({ status, stop_reason, error }: Run, text: string): Outcome {
  if (status === 'failed') return toEnded('failed', text, error?.message)
  if (status === 'cancelled') return toEnded('cancelled', text)
  return toEnded(stop_reason === 'max_iterations' ? 'max_iterations' : 'completed', text)
}

/** All that the session waits with; null when the client cannot be asked all of it. */
export function questionsOf(
  known: Pick<SessionDetail, 'pending_approvals' | 'pending_elicitations'>,
  { asks }: Pick<McpSession, 'asks'>,
): Question[] | null {
  const asked = [
    ...known.pending_approvals.map((approval) =>
      askApproval({ ...approval, approval_id: approval.id, agent: approval.agent_name }, asks),
    ),
    ...known.pending_elicitations.map((elicitation) =>
      askElicitation({ ...elicitation, elicitation_id: elicitation.id }, asks),
    ),
  ]
  const questions = asked.filter((question) => question !== null)
  return questions.length === asked.length ? questions : null
}

async function answerQuestion(
  house: Call['house'],
  { id, last_seq, pending_elicitations: [asked] }: SessionDetail,
  message: string,
): Promise<Started> {
  const run = await house.runs.answerElicitation({
    session: id,
    action: 'accept',
    content: toContent(message, asked?.schema),
    ...(asked && { elicitationId: asked.id }),
  })
  return { run, after: last_seq, begun: true }
}

/** The text as the field that is asked for; a form of several fields is answered as JSON. */
function toContent(text: string, schema: unknown): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (isFields(value)) return value
  } catch {
    // Plain text, as most answers are.
  }
  const properties = isFields(schema) && isFields(schema.properties) ? schema.properties : {}
  return { [Object.keys(properties)[0] ?? 'answer']: text }
}
