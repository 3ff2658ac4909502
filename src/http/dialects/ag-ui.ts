import type { Message, NewMessage } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import { answerInterrupts, openInterrupts } from './ag-ui-interrupts.ts'
import { contextText, isContext, toHistory } from './ag-ui-messages.ts'
import { type AgUiInput, readInput } from './ag-ui-request.ts'
import { type AgUiOpen, createAgUiView, toStaticStream } from './ag-ui-view.ts'
import { type Answer, type Call, type Dialect, json } from './dialect.ts'
import { messagesBefore, readLive } from './live-run.ts'
import { findAgent } from './path-agent.ts'
import { startThread } from './start-thread.ts'
import { continueThread } from './thread-tail.ts'

/**
 * AG-UI: a thread is a session. One of its runs ends where ours waits for the client, and the next
 * one goes on with it.
 */
export const agUi: Dialect = {
  name: 'ag-ui',
  mount: '/ag-ui',
  approves: true,
  takesTextBack: true,
  routes: [
    { method: 'post', path: '/:agent', scope: 'runs', answer: runAgent },
    { method: 'post', path: '/:agent/connect', scope: 'read', answer: connect },
    { method: 'get', path: '/:agent/threads/:thread', scope: 'read', answer: showThread },
  ],
  refuse,
}

function refuse({ code, message, details: { errors } }: Problem, status: number): Answer {
  return json({ code, message, ...(errors && { errors }) }, status)
}

async function runAgent(call: Call): Promise<Answer> {
  const { house } = call
  const agent = findAgent(call)
  const input = readInput(await call.body())
  const thread = await readLive(house, input.threadId)
  const stored = thread ? await house.sessions.allMessages(thread.detail.id) : []
  const waiting = thread?.run && thread.waits ? { ...thread, run: thread.run } : null
  const resumed = waiting && (await resume(house, { input, stored, ...waiting }))
  if (resumed) return resumed
  if (input.resume.length > 0) refuseResume(input)
  const options: RunOptions = {
    ...(input.tools.length > 0 && { tools: input.tools }),
    // A run that waits for results which do not come makes room for what is said instead.
    ...(waiting && { on_busy: 'interrupt' }),
    metadata: { ag_ui: { run_id: input.runId, forwarded_props: input.forwardedProps } },
  }
  const { run, after } = await startThread(house, {
    thread: input.threadId,
    session: thread?.detail.id,
    agent,
    next: continueThread(input.held, stored),
    options,
    context: contextOf(input, stored),
  })
  const place = { threadId: input.threadId, runId: input.runId }
  const { messages, state } = input
  return {
    type: 'stream',
    sessionId: run.session_id,
    after,
    view: createAgUiView({ run, place, messages, state, isFromStart: true }),
    ...leaving(input, run),
  }
}

/** What surrounds the conversation, when it was not told yet. */
function contextOf({ context, state }: AgUiInput, stored: Message[]): NewMessage[] {
  const content = contextText(context, state)
  const isTold = content === null || stored.findLast(isContext)?.content === content
  return isTold ? [] : [{ role: 'system', content }]
}

/** Goes on with the run that waits, or tells what for; null when something else is said instead. */
async function resume(
  house: Call['house'],
  {
    detail,
    run,
    input,
    stored,
  }: { detail: SessionDetail; run: Run; input: AgUiInput; stored: Message[] },
): Promise<Answer | null> {
  const { id: session, last_seq: after, pending_tool_calls: pending } = detail
  const interrupts = openInterrupts(detail, run)
  const calls = pending.map(({ tool_call: asked }) => asked.id)
  const given = calls.filter((id) => input.results.has(id))
  const place = { threadId: input.threadId, runId: input.runId }
  const next = continueThread(input.held, stored)
  const said = next.type === 'append' ? next.messages : []
  if (interrupts.length === 0 && given.length === 0) {
    if (next.type !== 'append' || said.length > 0 || input.resume.length > 0) return null
    return still(place, { open: openOf(detail, run), messages: null })
  }
  await answerInterrupts(house, { session, open: interrupts, resume: input.resume })
  if (said.length > 0) {
    const agent = { agent: run.agent, agentName: run.agent_name }
    const options: RunOptions = { on_busy: 'steer' }
    await house.runs.start({ session, agent, messages: said, options })
  }
  for (const toolCallId of given) {
    const { output, isError } = input.results.get(toolCallId) ?? { output: '', isError: true }
    await house.runs.submitToolResult({ session, toolCallId, output, isError })
  }
  const again = await readLive(house, session)
  if (again?.run?.id === run.id && again.waits && again.detail.last_seq === after) {
    return still(place, { open: openOf(again.detail, again.run), messages: null })
  }
  const view = createAgUiView({
    run,
    place,
    open: { interrupts: [], clientCalls: calls },
    messages: input.messages,
    state: input.state,
    isFromStart: false,
    said: said.map(({ content }) => content),
  })
  const sessionId = run.session_id
  return { type: 'stream', sessionId, after, view, ...leaving(input, run) }
}

/** The thread from its beginning: its messages, what it waits for, or the run that goes on. */
async function connect(call: Call): Promise<Answer> {
  const { house } = call
  findAgent(call)
  const { threadId, runId, state } = readInput(await call.body())
  const place = { threadId, runId }
  const thread = await readLive(house, threadId)
  const stored = thread ? await house.sessions.allMessages(thread.detail.id) : []
  const { run } = thread ?? {}
  const bounds = run && !thread?.waits ? await house.events.runBounds(run.id) : null
  if (!thread || !run || !bounds || bounds.last !== null) {
    const open = thread?.waits && run ? openOf(thread.detail, run) : none
    return still(place, { open, messages: toHistory(stored) })
  }
  const messages = toHistory(await messagesBefore(house, { run, messages: stored }))
  const waitsBefore = thread.detail.last_seq
  const view = createAgUiView({
    run,
    place,
    messages,
    state,
    isFromStart: true,
    isJoined: true,
    waitsBefore,
  })
  return { type: 'stream', sessionId: bounds.sessionId, after: bounds.after, view }
}

async function showThread(call: Call): Promise<Answer> {
  const { house, params } = call
  findAgent(call)
  const threadId = params.thread ?? ''
  const thread = await readLive(house, threadId)
  if (!thread) throw new Problem('not_found', `There is no thread ${threadId}`)
  const stored = await house.sessions.allMessages(thread.detail.id)
  const open = thread.run && thread.waits ? openOf(thread.detail, thread.run) : none
  return json({
    threadId,
    messages: toHistory(stored),
    interrupts: open.interrupts,
    pendingToolCallIds: open.clientCalls,
    isRunning: thread.run !== null && !thread.waits,
  })
}

const none: AgUiOpen = { interrupts: [], clientCalls: [] }

function openOf(detail: SessionDetail, run: Run): AgUiOpen {
  const clientCalls = detail.pending_tool_calls.map(({ tool_call: { id } }) => id)
  return { interrupts: openInterrupts(detail, run), clientCalls }
}

/** Aborting is how its clients stop a run, unless they said that they may come back. */
function leaving({ forwardedProps }: AgUiInput, { id }: Run) {
  return forwardedProps.cancelOnDisconnect === false ? {} : { cancelOnDisconnect: id }
}

function refuseResume({ resume: [entry] }: AgUiInput): never {
  throw new Problem(
    'nothing_pending',
    `The interrupt ${entry?.interruptId} is not open any more: connect to the thread again`,
  )
}

function still(
  place: { threadId: string; runId: string },
  thread: { open: AgUiOpen; messages: unknown[] | null },
): Answer {
  const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }
  return { type: 'text', status: 200, body: toStaticStream(place, thread), headers }
}
