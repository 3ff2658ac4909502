import { Problem } from '#contract/problem.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import type { Call } from './dialect.ts'
import { findAgent } from './openai-agent.ts'
import { findConversation } from './openai-conversation.ts'
import { invalid } from './openai-fields.ts'
import { isPosted, keepHistory, type Said, splitHistory } from './openai-history.ts'
import { readResponseId } from './openai-response.ts'
import { countParts, findKept, lastMessageOf, lastPart } from './openai-response-log.ts'
import type { ResponseRequest } from './openai-response-request.ts'

type House = Call['house']
type Begun = Awaited<ReturnType<House['runs']['start']>> & {
  part: number
  /** Calls that this one begins with the results of. */
  answered: string[]
}

const first = { part: 0, answered: [] }

/** Begins a response: a run, or the next part of one that waits for results. */
export async function startResponse(house: House, request: ResponseRequest): Promise<Begun> {
  if (request.previous !== undefined) return follow(house, request, request.previous)
  if (request.conversation !== undefined) {
    const { id } = await findConversation(house, request.conversation)
    return goOn(house, request, await detailOf(house, id))
  }
  const agent = findAgent(house, request.model)
  const { history, posted } = splitHistory(request.said)
  const options = optionsOf(request, { history: history.length > 0 })
  if (history.length === 0) {
    if (posted.length === 0) throw invalid('input', 'must say something')
    const session = { agent: agent.agent, metadata: request.metadata }
    return {
      ...(await house.runs.startNew({ session, agent, messages: posted, options })),
      ...first,
    }
  }
  if (posted.length === 0 && history.at(-1)?.role !== 'tool') {
    throw invalid('input', 'the last item must be one to answer, not an answer')
  }
  const session = await keepHistory(house, {
    said: history,
    agent: agent.agent,
    metadata: request.metadata,
  })
  return { ...(await house.runs.start({ session, agent, messages: posted, options })), ...first }
}

/** Behind another response: in its session, or in a copy when that one has gone on since. */
async function follow(house: House, request: ResponseRequest, previous: string): Promise<Begun> {
  const id = readResponseId(previous)
  const run = id && (await findKept(house, id))
  if (!id || !run) throw unknownResponse(previous)
  if (run.status === 'queued' || run.status === 'running') {
    throw new Problem('conflict', `Response '${previous}' is still in progress; wait for its end`)
  }
  const parts = await countParts(house, run).catch(ignoreExpired)
  if (parts !== null && id.part !== lastPart(run, parts)) {
    throw new Problem(
      'conflict',
      `The function calls of '${previous}' have their outputs already; go on from what followed`,
    )
  }
  const detail = await detailOf(house, run.session_id)
  const newest = (await house.runs.list(run.session_id, { limit: 1 })).data[0]
  if (newest?.id === run.id) return goOn(house, request, detail)
  const last = await lastMessageOf(house, run)
  const copy = await house.sessions.fork(run.session_id, last === null ? {} : { message_id: last })
  if (copy === null) throw unknownResponse(previous)
  return goOn(house, request, await detailOf(house, copy))
}

/** A conversation goes on, however long ago its events were. */
function ignoreExpired(error: unknown): null {
  if (error instanceof Problem && error.code === 'events_expired') return null
  throw error
}

async function goOn(house: House, request: ResponseRequest, detail: SessionDetail): Promise<Begun> {
  const active = detail.active_run_id ? await house.runs.get(detail.active_run_id) : null
  if (active?.waiting_for?.kind === 'client_tool') return answer(house, request, detail, active)
  const { history, posted } = splitHistory(request.said)
  if (history.length > 0) {
    throw invalid('input', 'the conversation has its answers and results: send what is new alone')
  }
  const member = detail.agent_name === null ? {} : { agentName: detail.agent_name }
  const agent =
    detail.agent !== null && (request.model ?? detail.agent) === detail.agent
      ? { agent: detail.agent, ...member }
      : findAgent(house, request.model)
  const options = {
    ...optionsOf(request, { history: false }),
    // Nobody here can give what it waits for; who goes on has left it.
    ...(isLeft(active) && { on_busy: 'interrupt' as const }),
  }
  const started = await house.runs.start({ session: detail.id, agent, messages: posted, options })
  return { ...started, ...first }
}

/** An approval comes over another door, and its client waits for it. */
function isLeft(active: Run | null): boolean {
  return active?.status === 'waiting' && active.waiting_for?.kind !== 'approval'
}

/** The run that waits gets all its results, and goes on as the next response. */
async function answer(
  house: House,
  { said }: ResponseRequest,
  detail: SessionDetail,
  run: Run,
): Promise<Begun> {
  const { outputs, posted } = readOutputs(said)
  const waiting = detail.pending_tool_calls.map(({ tool_call: { id } }) => id)
  for (const id of waiting) {
    if (!outputs.has(id)) throw invalid('input', `No tool output found for function call ${id}`)
  }
  for (const id of outputs.keys()) {
    if (!waiting.includes(id)) throw invalid('input', `No tool call waits with the call_id ${id}`)
  }
  const part = await countParts(house, run)
  if (posted.length > 0) {
    await house.runs.start({
      session: detail.id,
      agent: { agent: run.agent, agentName: run.agent_name },
      messages: posted,
      options: { on_busy: 'steer' },
    })
  }
  for (const [toolCallId, output] of outputs) {
    await house.runs.submitToolResult({ session: detail.id, toolCallId, output, isError: false })
  }
  return { run, after: detail.last_seq, begun: true, part, answered: waiting }
}

function readOutputs(said: Said[]) {
  const outputs = new Map<string, string>()
  const posted = said.filter(isPosted)
  for (const message of said) {
    if (message.role === 'tool') outputs.set(message.tool_call_id, message.content)
    if (message.role === 'assistant') {
      throw invalid('input', 'the conversation has its answers: send outputs and messages alone')
    }
  }
  return { outputs, posted }
}

function optionsOf(
  { options, shown, background, store, conversation }: ResponseRequest,
  { history }: { history: boolean },
): RunOptions {
  const kept = {
    shown: { ...shown, ...(conversation !== undefined && { conversation: { id: conversation } }) },
    background,
    store,
    history,
  }
  return { ...options, metadata: { openai: kept } }
}

async function detailOf(house: House, session: string): Promise<SessionDetail> {
  const detail = await house.sessions.detail(session, 1)
  if (detail) return detail
  throw new Problem('not_found', `Conversation with id '${session}' not found.`)
}

export function unknownResponse(id: string): Problem {
  return new Problem('not_found', `Response with id '${id}' not found.`)
}
