import type { Run } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import { type Answer, type Call, json } from './dialect.ts'
import { findAgent, hasSchema } from './openai-agent.ts'
import { type ChatRequest, digestOf, readChatRequest } from './openai-chat-request.ts'
import { createChatView, toChatUsage } from './openai-chat-view.ts'
import { refuseRun } from './openai-errors.ts'
import { invalid, isFields, readFields, seconds } from './openai-fields.ts'
import { keepHistory, type Said, splitHistory } from './openai-history.ts'

/**
 * The history comes whole each time and is kept as a session of its own. Results of the caller's
 * tools go to the run that asked for them while it waits, so what the server did before is not done
 * again.
 */
export async function createChatCompletion(call: Call): Promise<Answer> {
  const request = readChatRequest(await readFields(call))
  const { house } = call
  const started = (await resume(house, request)) ?? (await start(house, request))
  const { run, after } = started
  const model = request.model ?? run.agent
  const form = request.options.response_format?.type ?? 'text'
  // A run that goes on gives another completion.
  const part = started.resumed ? `-${after}` : ''
  const id = `chatcmpl-${run.id.replace(/^run_/, '')}${part}`
  const view = createChatView({
    run,
    id,
    model,
    structured: form !== 'text' || hasSchema(house, run),
    includeUsage: request.includeUsage,
    stream: request.stream,
  })
  if (request.stream) {
    return {
      type: 'stream',
      sessionId: run.session_id,
      after,
      view,
      cancelOnDisconnect: run.id,
    }
  }
  const settled = await house.runs.collect(started, (event) => void view.show(event), {
    cancelOnDisconnect: true,
  })
  const { outcome } = view
  if (outcome.finish === null) return refuseRun(settled)
  return json({
    id,
    object: 'chat.completion',
    created: seconds(run.created_at),
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: outcome.content === '' && outcome.calls.length > 0 ? null : outcome.content,
          refusal: null,
          annotations: [],
          ...(outcome.reasoning !== '' && { reasoning_content: outcome.reasoning }),
          ...(outcome.calls.length > 0 && {
            tool_calls: outcome.calls.map(({ index: _, ...shown }) => shown),
          }),
        },
        logprobs: null,
        finish_reason: outcome.finish,
      },
    ],
    usage: toChatUsage(outcome.usage),
    service_tier: 'default',
    system_fingerprint: null,
  })
}

type Begun = Awaited<ReturnType<Call['house']['runs']['start']>> & { resumed: boolean }

async function start(house: Call['house'], request: ChatRequest): Promise<Begun> {
  const agent = findAgent(house, request.model)
  const { history, posted } = splitHistory(request.said.map(withOwnIds))
  const options = {
    ...request.options,
    metadata: {
      openai: {
        messages: request.said.length,
        digest: digestOf(request.said, request.options),
        model: request.model ?? agent.agent,
      },
    },
  }
  if (history.length === 0) {
    const session = { agent: agent.agent, metadata: request.metadata }
    const started = await house.runs.startNew({ session, agent, messages: posted, options })
    return { ...started, resumed: false }
  }
  if (posted.length === 0 && history.at(-1)?.role !== 'tool') {
    throw invalid('messages', 'the last message must be one to answer, not an answer')
  }
  const session = await keepHistory(house, {
    said: history,
    agent: agent.agent,
    metadata: request.metadata,
  })
  const started = await house.runs.start({ session, agent, messages: posted, options })
  return { ...started, resumed: false }
}

/** Hands results to the run that waits for them; null when none does, or another was asked. */
async function resume(house: Call['house'], request: ChatRequest): Promise<Begun | null> {
  const waiting = await findWaiting(house, request)
  if (!waiting) return null
  const { detail, run, results } = waiting
  const { posted } = splitHistory(request.said)
  if (posted.length > 0) {
    const agent = { agent: run.agent, agentName: run.agent_name }
    const options = { on_busy: 'steer' as const }
    await house.runs.start({ session: detail.id, agent, messages: posted, options })
  }
  for (const { tool_call: pending } of detail.pending_tool_calls) {
    await house.runs.submitToolResult({
      session: detail.id,
      toolCallId: pending.id,
      output: results.get(pending.id) ?? '',
      isError: false,
    })
  }
  return { run, after: detail.last_seq, begun: true, resumed: true }
}

async function findWaiting(
  house: Call['house'],
  request: ChatRequest,
): Promise<{ detail: SessionDetail; run: Run; results: Map<string, string> } | null> {
  const { history } = splitHistory(request.said)
  const results = new Map<string, string>()
  for (const message of history.slice(history.findLastIndex(isCalling) + 1)) {
    if (message.role === 'tool') results.set(message.tool_call_id, message.content)
  }
  const session = sessionOf([...results.keys()][0] ?? '')
  const detail = session ? await house.sessions.detail(session, 1) : null
  const run = detail?.active_run_id ? await house.runs.get(detail.active_run_id) : null
  if (!detail || run?.waiting_for?.kind !== 'client_tool' || !isSame(run, request)) return null
  const own = new Map([...results].map(([id, output]) => [ownId(id), output]))
  const waits = detail.pending_tool_calls.map(({ tool_call: pending }) => pending.id)
  return waits.length > 0 && waits.every((id) => own.has(id)) ? { detail, run, results: own } : null
}

/** Whether the run was started by the beginning of this conversation, to go on as asked now. */
function isSame({ metadata: { openai } }: Run, { said, options, model }: ChatRequest): boolean {
  if (!isFields(openai) || typeof openai.messages !== 'number') return false
  const beginning = said.slice(0, openai.messages)
  const sameModel = model === undefined || model === openai.model
  return sameModel && openai.digest === digestOf(beginning, options)
}

function isCalling(message: Said): boolean {
  return message.role === 'assistant' && (message.tool_calls ?? []).length > 0
}

const shownId = /^(ses_[0-9a-z]+)_(.+)$/s

function sessionOf(callId: string): string | undefined {
  return shownId.exec(callId)?.[1]
}

/** The id that the model gave, without the session that it was shown with. */
function ownId(callId: string): string {
  return shownId.exec(callId)?.[2] ?? callId
}

function withOwnIds(message: Said): Said {
  if (message.role === 'tool') return { ...message, tool_call_id: ownId(message.tool_call_id) }
  if (message.role !== 'assistant' || !message.tool_calls) return message
  return {
    ...message,
    tool_calls: message.tool_calls.map((call) => ({ ...call, id: ownId(call.id) })),
  }
}
