import type { Run } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import type { AiSdkRequest } from './ai-sdk-request.ts'
import type { Call } from './dialect.ts'
import type { Continuation } from './thread-tail.ts'

/**
 * Gives a run what it waits for: decisions, results of the client's tools, or what the user says to
 * a question. Null when nothing of that came; else what the client knows of it.
 */
export async function answerWaiting(
  house: Call['house'],
  {
    request,
    detail,
    run,
    read,
  }: {
    request: AiSdkRequest
    detail: SessionDetail
    run: Run
    /** What is new in the client's messages. */
    read(): Promise<Continuation>
  },
): Promise<{ asked: string[]; given: string[]; said: string[] } | null> {
  const session = detail.id
  const decisions = detail.pending_approvals.flatMap(({ id, tool_call: call }) => {
    const decision = request.decisions.get(id)
    return decision ? [{ id, callId: call.id, ...decision }] : []
  })
  const results = detail.pending_tool_calls.flatMap(({ tool_call: { id } }) => {
    const result = request.outputs.get(id)
    return result ? [{ toolCallId: id, ...result }] : []
  })
  const [question] = detail.pending_elicitations
  const isSaid = request.held.at(-1)?.role === 'user'
  if (decisions.length === 0 && results.length === 0 && !(question && isSaid)) return null
  const next = isSaid ? await read() : null
  const said = next?.type === 'append' ? next.messages : []
  if (question && said.length > 0) {
    const text = said.map(({ content }) => content).join('\n')
    await house.runs.answerElicitation({
      session,
      elicitationId: question.id,
      action: 'accept',
      content: toContent(text, question.schema),
    })
  } else if (said.length > 0) {
    const agent = { agent: run.agent, agentName: run.agent_name }
    await house.runs.start({ session, agent, messages: said, options: { on_busy: 'steer' } })
  }
  for (const result of results) await house.runs.submitToolResult({ session, ...result })
  for (const { id, approved, reason } of decisions) {
    await house.runs.decide(id, {
      decision: approved ? 'approve' : 'reject',
      scope: 'call',
      ...(reason !== undefined && { reason }),
    })
  }
  return {
    asked: decisions.map(({ callId }) => callId),
    given: results.map(({ toolCallId }) => toolCallId),
    said: said.map(({ content }) => content),
  }
}

/** The text as the field that is asked for; a form of several fields is answered as JSON. */
function toContent(text: string, schema: { properties?: unknown } | undefined) {
  const value = parsedObject(text)
  if (value) return value
  const fields = Object.keys(Object(schema?.properties))
  return { [fields[0] ?? 'answer']: text }
}

function parsedObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? { ...value } : null
  } catch {
    return null
  }
}
