import type { Message } from '#contract/message.ts'
import type { Approval, Elicitation } from '#contract/session.ts'
import { isFields } from './fields.ts'

/** What a call of an agent gave. */
export type Outcome = {
  text: string
  status: 'completed' | 'max_iterations' | 'failed' | 'cancelled' | 'waiting'
  isError?: boolean
}

/** How a run that ended so is told. */
export function toEnded(
  status: Exclude<Outcome['status'], 'waiting'>,
  answer: string,
  failure?: string | null,
): Outcome {
  if (status === 'failed') return { text: failure ?? 'The run failed', status, isError: true }
  if (status === 'cancelled') return { text: 'The run was cancelled', status, isError: true }
  return { text: answer, status }
}

/** Where it happened, as the client knows it. */
export type Origin = {
  sessionId: string
  runId: string
  /** The agent answers with an object that follows a schema. */
  structured: boolean
}

/** The result of a tool: for models as text, for programs as an object. */
export function toToolResult({ text, status, isError = false }: Outcome, origin: Origin): object {
  const finished = status === 'completed' || status === 'max_iterations'
  const output = origin.structured && finished ? parsed(text) : undefined
  return {
    content: [{ type: 'text', text: text || '(no text)' }],
    structuredContent: {
      text,
      session_id: origin.sessionId,
      run_id: origin.runId,
      status,
      ...(output !== undefined && { output }),
    },
    ...(isError && { isError }),
  }
}

/** A call that could not be made: the model is told why. */
export function toToolError(text: string): object {
  return { content: [{ type: 'text', text }], isError: true }
}

/** What `structuredContent` is. A schema that refers to its own root cannot stand inside it. */
export function outputSchema(schema: Record<string, unknown> | undefined): object {
  const output = schema && !JSON.stringify(schema).includes('"$ref":"#') ? schema : {}
  return {
    type: 'object',
    properties: {
      text: { type: 'string', description: 'What the agent answered' },
      session_id: { type: 'string', description: 'The conversation; give it to go on with it' },
      run_id: { type: 'string', description: 'The run of the agent' },
      status: {
        type: 'string',
        enum: ['completed', 'max_iterations', 'failed', 'cancelled', 'waiting'],
        description: 'waiting: the text says for what, and how to go on',
      },
      ...(schema && { output }),
    },
    required: ['text', 'session_id', 'run_id', 'status'],
  }
}

/** The text of a message that ends a run rather than a step of it; null for any other. */
export function answerOf({ role, tool_calls: calls = [], content }: Message): string | null {
  return role === 'assistant' && calls.length === 0 ? content : null
}

export type Pending = {
  approvals: Pick<Approval, 'id' | 'tool_call' | 'expires_at'>[]
  elicitations: Pick<Elicitation, 'message' | 'mode' | 'schema' | 'url'>[]
}

/** For a caller that cannot be asked: what waits, and how to go on. */
export function describeWaiting(reason: string, pending: Pending, sessionId: string): string {
  const lines = [
    ...pending.approvals.map(
      ({ id, tool_call: { function: called }, expires_at }) =>
        `The agent may call ${called.name} with ${called.arguments || '{}'} once somebody approves it (${id}, until ${expires_at}), in the playground or over the API.`,
    ),
    ...pending.elicitations.map(describeQuestion),
  ]
  if (lines.length === 0)
    lines.push(`The agent waits (${reason}); somebody resumes it over the API.`)
  const asks = pending.elicitations.some(({ mode }) => mode === 'form')
  const message = asks ? 'with the answer as message' : 'without a message, once that is done'
  return [...lines, `To go on, call this tool with session_id ${sessionId} ${message}.`].join('\n')
}

function describeQuestion({ message, mode, schema, url }: Pending['elicitations'][number]): string {
  if (mode === 'url') return `The agent asks the user to open ${url}: ${message}`
  const fields = isFields(schema?.properties) ? Object.keys(schema.properties) : []
  const form = fields.length > 1 ? ` (as JSON that fits ${JSON.stringify(schema)})` : ''
  return `The agent asks: ${message}${form}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
