import { Problem } from '#contract/problem.ts'
import type { Run } from '#contract/run.ts'
import type { Approval, Elicitation, SessionDetail } from '#contract/session.ts'
import type { Call } from './dialect.ts'

/** What ends a run that waits for an answer; the next run of the thread brings it. */
export type Interrupt = {
  id: string
  reason: 'tool_call' | 'input_required' | 'confirmation'
  message: string
  toolCallId?: string
  responseSchema?: Record<string, unknown>
  expiresAt?: string
  metadata?: Record<string, unknown>
}

export type ResumeEntry = {
  interruptId: string
  status: 'resolved' | 'cancelled'
  payload?: unknown
}

/** All that a run which waits asks its client. */
export function openInterrupts(
  { pending_approvals, pending_elicitations }: SessionDetail,
  { id, waiting_for: waits }: Run,
): Interrupt[] {
  const { kind } = waits ?? {}
  return [
    ...pending_approvals.map(approvalInterrupt),
    ...pending_elicitations.map(questionInterrupt),
    ...(kind === 'max_iterations' || kind === 'budget' ? [limitInterrupt(id, kind)] : []),
  ]
}

export function approvalInterrupt({
  id,
  tool_call: { id: toolCallId, function: called },
  tool_definition: { description, annotations },
  expires_at: expiresAt,
}: Pick<Approval, 'id' | 'tool_call' | 'tool_definition' | 'expires_at'>): Interrupt {
  return {
    id,
    reason: 'tool_call',
    message: `Allow ${annotations.title ?? called.name}?`,
    toolCallId,
    responseSchema: decisionSchema,
    expiresAt,
    metadata: { toolName: called.name, arguments: called.arguments, description, annotations },
  }
}

export function questionInterrupt({
  id,
  message,
  mode,
  schema,
  url,
  expires_at: expiresAt,
}: Pick<Elicitation, 'id' | 'message' | 'mode' | 'schema' | 'url' | 'expires_at'>): Interrupt {
  return {
    id,
    reason: 'input_required',
    message,
    ...(schema && { responseSchema: schema }),
    expiresAt,
    metadata: { mode, ...(url !== undefined && { url }) },
  }
}

export function limitInterrupt(runId: string, kind: 'max_iterations' | 'budget'): Interrupt {
  const what = kind === 'budget' ? 'budget' : 'limit of model calls'
  return {
    id: `limit_${runId}`,
    reason: 'confirmation',
    message: `The run reached its ${what}. Go on?`,
    responseSchema: decisionSchema,
    metadata: { kind },
  }
}

/** Decides all that is open. Each must be answered, as the protocol says. */
export async function answerInterrupts(
  house: Call['house'],
  { session, open, resume }: { session: string; open: Interrupt[]; resume: ResumeEntry[] },
): Promise<void> {
  const left = open.filter(({ id }) => resume.every(({ interruptId }) => interruptId !== id))
  if (left.length > 0) {
    const ids = left.map(({ id }) => id).join(', ')
    throw new Problem('conflict', `The thread waits for an answer to ${ids}: send it as resume`)
  }
  const stale = resume.find(({ interruptId }) => open.every(({ id }) => id !== interruptId))
  if (stale) {
    throw new Problem(
      'nothing_pending',
      `The interrupt ${stale.interruptId} is not open any more: connect to the thread again`,
    )
  }
  // All are read before the first is decided.
  const answers = open.map((interrupt) => {
    const index = resume.findIndex(({ interruptId }) => interruptId === interrupt.id)
    return toAnswer(interrupt, resume[index], `resume.${index}.payload`)
  })
  for (const answer of answers) await answer(house, session)
}

type Answer = (house: Call['house'], session: string) => Promise<unknown>
type Decision = Parameters<Call['house']['runs']['decide']>[1]

function toAnswer(
  { id, reason, metadata }: Interrupt,
  entry: ResumeEntry | undefined,
  path: string,
): Answer {
  const cancelled = entry?.status !== 'resolved'
  if (reason === 'input_required') {
    const isLink = metadata?.mode === 'url' && entry?.payload === undefined
    const content = cancelled || isLink ? null : readContent(entry.payload, path)
    const action = cancelled ? 'cancel' : 'accept'
    return (house, session) =>
      house.runs.answerElicitation({ session, elicitationId: id, action, content })
  }
  const decision: Decision = cancelled
    ? { decision: 'reject', scope: 'call' }
    : readDecision(entry.payload, path)
  return (house, session) =>
    reason === 'tool_call'
      ? house.runs.decide(id, decision)
      : house.runs.resume({ session, decision })
}

function readContent(payload: unknown, path: string): Record<string, unknown> {
  if (isFields(payload)) return payload
  throw invalid(path, 'must be an object with the fields that were asked for')
}

function readDecision(payload: unknown, path: string): Decision {
  const fields = isFields(payload) ? payload : { approved: payload }
  const { approved, reason, scope = 'call', editedArgs } = fields
  if (typeof approved !== 'boolean') throw invalid(`${path}.approved`, 'must be true or false')
  if (scope !== 'call' && scope !== 'tool' && scope !== 'session') {
    throw invalid(`${path}.scope`, 'must be call, tool or session')
  }
  if (reason !== undefined && typeof reason !== 'string') {
    throw invalid(`${path}.reason`, 'must be a string')
  }
  if (editedArgs !== undefined && !isFields(editedArgs)) {
    throw invalid(`${path}.editedArgs`, 'must be an object')
  }
  return {
    decision: approved ? 'approve' : 'reject',
    scope,
    ...(reason !== undefined && { reason }),
    ...(approved && editedArgs && { arguments: JSON.stringify(editedArgs) }),
  }
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(path: string, message: string): Problem {
  return new Problem('validation_failed', `${path} ${message}`, { errors: [{ path, message }] })
}

const decisionSchema = {
  type: 'object',
  properties: {
    approved: { type: 'boolean' },
    reason: { type: 'string' },
    scope: { type: 'string', enum: ['call', 'tool', 'session'] },
    editedArgs: { type: 'object' },
  },
  required: ['approved'],
}
