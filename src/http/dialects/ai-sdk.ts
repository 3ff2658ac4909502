import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import { toUiMessages } from './ai-sdk-messages.ts'
import { type AiSdkRequest, readChat } from './ai-sdk-request.ts'
import { createAiSdkView, toWaitingStream } from './ai-sdk-view.ts'
import { answerWaiting } from './ai-sdk-waiting.ts'
import { type Answer, type Call, type Dialect, json } from './dialect.ts'
import { type Live, messagesBefore, readLive } from './live-run.ts'
import { findAgent } from './path-agent.ts'
import { startThread } from './start-thread.ts'
import { type Continuation, continueThread, editLast, isPosted } from './thread-tail.ts'

/**
 * The AI SDK: a chat is a session, and an answer in it a run. A run that waits for its user ends the
 * stream; the next request brings what it waits for and goes on with the same answer.
 */
export const aiSdk: Dialect = {
  name: 'ai-sdk',
  mount: '/ai-sdk',
  approves: true,
  takesTextBack: true,
  routes: [
    { method: 'post', path: '/:agent', scope: 'runs', answer: chat },
    { method: 'get', path: '/:agent/:chat/stream', scope: 'read', answer: resume },
    { method: 'get', path: '/:agent/:chat/messages', scope: 'read', answer: listMessages },
    { method: 'post', path: '/:agent/:chat/stop', scope: 'runs', answer: stop },
  ],
  refuse,
}

/** Its client shows the body of a refusal as the message of the error. */
function refuse({ message }: Problem, status: number): Answer {
  return { type: 'text', status, body: message }
}

async function chat(call: Call): Promise<Answer> {
  const { house } = call
  const agent = findAgent(call)
  const request = readChat(await call.body())
  const open = await readLive(house, request.chat)
  const waiting = open?.run && open.waits ? { ...open, run: open.run } : null
  if (waiting && !request.regenerates) {
    const answered = await goOn(house, request, waiting)
    if (answered) return answered
  }
  const stored = open ? await house.sessions.allMessages(open.detail.id) : []
  const next = nextOf(request, stored)
  if (next.type === 'append' && next.messages.length === 0 && request.answerId !== undefined) {
    const message = 'The chat does not wait for the answers that came: load its messages again'
    throw new Problem('nothing_pending', message)
  }
  const options: RunOptions = {
    ...(request.tools.length > 0 && { tools: request.tools }),
    on_max_iterations: 'stop',
    // A run that waits for an answer which does not come makes room for what is said instead.
    ...(waiting && { on_busy: 'interrupt' }),
    metadata: { ai_sdk: { tools: request.tools.map(({ function: { name } }) => name) } },
  }
  const { run, after } = await startThread(house, {
    thread: request.chat,
    session: open?.detail.id,
    agent,
    next,
    options,
  })
  const view = createAiSdkView({
    run,
    messageId: run.id,
    isFromStart: true,
    clientTools: clientToolsOf(run),
  })
  return stream({ sessionId: run.session_id, after, view, ...leaving(request, run) })
}

/** What the messages of the client mean; one that sends the newest alone names what it is about. */
function nextOf(request: AiSdkRequest, stored: Message[]): Continuation {
  const { held, regenerates, edits, messageId, isNewest } = request
  if (!isNewest) return edits ? editLast(held, stored) : continueThread(held, stored)
  const messages = held.filter(isPosted)
  const named = stored.find(({ id }) => id === messageId)
  if (edits && named?.role === 'user') return { type: 'edit', messageId: named.id, messages }
  if (!regenerates) return { type: 'append', messages }
  const answered = named ?? stored.findLast(({ role }) => role === 'user')
  if (answered) return { type: 'answer', messageId: answered.id }
  throw new Problem('validation_failed', 'messageId: there is no answer to make anew')
}

/** Goes on with the run that waits; null when nothing of what it waits for is here. */
async function goOn(
  house: Call['house'],
  request: AiSdkRequest,
  { detail, run }: { detail: SessionDetail; run: Run },
): Promise<Answer | null> {
  const { id: session, last_seq: after } = detail
  const read = async () => nextOf(request, await house.sessions.allMessages(session))
  const answered = await answerWaiting(house, { request, detail, run, read })
  if (!answered) return null
  const messageId = request.answerId ?? `${run.id}-${after}`
  const again = await readLive(house, session)
  const isStill = again?.run?.id === run.id && again.waits
  if (isStill && again.detail.last_seq === after) {
    return {
      type: 'text',
      status: 200,
      body: toWaitingStream(run, messageId),
      headers: { ...streamHeaders, 'Content-Type': 'text/event-stream' },
    }
  }
  const view = createAiSdkView({
    run,
    messageId,
    isFromStart: false,
    isContinued: request.answerId !== undefined,
    clientTools: clientToolsOf(run),
    ...answered,
  })
  return stream({ sessionId: run.session_id, after, view, ...leaving(request, run) })
}

/** The whole of the answer that goes on; 204 when none does. */
async function resume(call: Call): Promise<Answer> {
  const { house, params } = call
  findAgent(call)
  const open = await readLive(house, params.chat ?? '')
  const run = open?.run
  const bounds = run && !open?.waits ? await house.events.runBounds(run.id) : null
  if (!open || !run || !bounds || bounds.last !== null) return { type: 'empty', status: 204 }
  const view = createAiSdkView({
    run,
    messageId: run.id,
    isFromStart: true,
    clientTools: clientToolsOf(run),
    waitsBefore: open.detail.last_seq,
  })
  return stream({ sessionId: bounds.sessionId, after: bounds.after, view })
}

/** Without the answer that goes on, which `stream` gives whole. */
async function listMessages(call: Call): Promise<Answer> {
  const { house, params } = call
  findAgent(call)
  const { detail, run, waits } = await findChat(house, params.chat)
  const messages = await house.sessions.allMessages(detail.id)
  const settled = run && !waits ? await messagesBefore(house, { run, messages }) : messages
  return json(toUiMessages(settled, detail))
}

async function stop(call: Call): Promise<Answer> {
  const { house, params } = call
  findAgent(call)
  const { run } = await findChat(house, params.chat)
  if (run) await house.runs.cancel(run.id)
  return json({ success: true })
}

async function findChat(house: Call['house'], id = ''): Promise<Live> {
  const open = await readLive(house, id)
  if (!open) throw new Problem('not_found', `There is no chat ${id}`)
  return open
}

function clientToolsOf({ metadata: { ai_sdk: kept } }: Run): string[] {
  const { tools }: { tools?: unknown } = Object(kept)
  return Array.isArray(tools) ? tools : []
}

/** Aborting is how its clients stop a run, unless they said that they may come back. */
function leaving({ resumable }: AiSdkRequest, { id }: Run) {
  return resumable ? {} : { cancelOnDisconnect: id }
}

function stream(answer: Omit<Answer & { type: 'stream' }, 'type' | 'headers'>): Answer {
  return { type: 'stream', ...answer, headers: streamHeaders }
}

const streamHeaders = { 'x-vercel-ai-ui-message-stream': 'v1' }
