import { Problem } from '#contract/problem.ts'
import type { Answer, Call, Dialect } from './dialect.ts'
import { type Fields, isFields } from './fields.ts'
import {
  errorCodes,
  errorOf,
  isRequestId,
  malformed,
  protocolVersions,
  type RequestId,
  readMessage,
  refuse,
  resultOf,
} from './mcp-message.ts'
import { readEventId } from './mcp-place.ts'
import { getPrompt, listPrompts } from './mcp-prompts.ts'
import { takeAnswer } from './mcp-questions.ts'
import { completeSession, listResources, listTemplates, readResource } from './mcp-resources.ts'
import {
  beginSession,
  isLogLevel,
  type McpSession,
  readSession,
  toSessionId,
} from './mcp-session.ts'
import { questionsOf, requestMark } from './mcp-start.ts'
import { callTool, listTools, noAsks } from './mcp-tools.ts'
import { createMcpView } from './mcp-view.ts'

/**
 * The Model Context Protocol over Streamable HTTP: agents as tools. No instance keeps anything of a
 * client: what is agreed stands in the session's id, what a stream shows in its events' ids, and a
 * question's id says what its answer is to. So any request may go to any instance.
 */
export const mcp: Dialect = {
  name: 'mcp',
  mount: '/mcp',
  approves: true,
  takesTextBack: true,
  routes: [
    { method: 'post', path: '', scope: 'read', answer: receive },
    { method: 'get', path: '', scope: 'read', answer: resume },
  ],
  refuse,
}

async function receive(call: Call): Promise<Answer> {
  const message = readMessage(await call.body())
  checkVersion(call)
  if (message.type === 'request' && message.method === 'initialize') {
    return initialize(call, message.id, message.params)
  }
  const session = readSession(call)
  switch (message.type) {
    case 'request':
      return answerRequest(call, { ...message, session })
    case 'notification':
      if (message.method === 'notifications/cancelled') await cancel(call, message.params, session)
      return { type: 'empty', status: 202 }
    case 'response':
      await takeAnswer(call.house, message.id, message.result)
      return { type: 'empty', status: 202 }
  }
}

function checkVersion({ header }: Call): void {
  const version = header('mcp-protocol-version')
  if (version === undefined || protocolVersions.some((known) => known === version)) return
  throw malformed(
    `MCP-Protocol-Version ${version} is not spoken; these are: ${protocolVersions.join(', ')}`,
  )
}

async function initialize({ house }: Call, id: RequestId, params: Fields): Promise<Answer> {
  const { protocolVersion: asked, capabilities } = params
  const { version } = await house.health()
  const spoken = protocolVersions.find((known) => known === asked) ?? protocolVersions[0]
  const session = beginSession(house.newId(), spoken, capabilities)
  return resultOf(
    id,
    {
      protocolVersion: spoken,
      capabilities: { tools: {}, resources: {}, prompts: {}, completions: {}, logging: {} },
      serverInfo: { name: 'parley', title: 'Parley', version },
      instructions:
        'Each tool is an agent. Its result names the session; give that session_id to go on with the conversation.',
    },
    { 'Mcp-Session-Id': toSessionId(session) },
  )
}

type Request = { id: RequestId; method: string; params: Fields; session: McpSession }

async function answerRequest(call: Call, request: Request): Promise<Answer> {
  try {
    return await dispatch(call, request)
  } catch (error) {
    const code = error instanceof Problem ? requestErrors[error.code] : undefined
    if (!(error instanceof Problem) || code === undefined) throw error
    return errorOf(request.id, code, error.message)
  }
}

/** What is wrong with the request alone; other refusals are answers of HTTP. */
const requestErrors: Partial<Record<Problem['code'], number>> = {
  validation_failed: errorCodes.invalidParams,
  not_found: errorCodes.resourceNotFound,
}

async function dispatch(call: Call, { id, method, params, session }: Request): Promise<Answer> {
  const { house } = call
  switch (method) {
    case 'ping':
      return resultOf(id, {})
    case 'tools/list':
      return resultOf(id, listTools(house))
    case 'tools/call':
      return callTool(call, { id, params, mcp: session })
    case 'resources/list':
      return resultOf(id, await listResources(house, params))
    case 'resources/templates/list':
      return resultOf(id, listTemplates())
    case 'resources/read':
      return resultOf(id, await readResource(house, params))
    case 'prompts/list':
      return resultOf(id, listPrompts(house))
    case 'prompts/get':
      return resultOf(id, getPrompt(house, params))
    case 'completion/complete':
      return resultOf(id, await complete(house, params))
    case 'logging/setLevel':
      return setLevel(id, params, session)
    default:
      return errorOf(id, errorCodes.methodNotFound, `There is no method ${method}`)
  }
}

async function complete(house: Call['house'], { ref, argument }: Fields): Promise<object> {
  const ofSession = isFields(ref) && ref.type === 'ref/resource'
  const begun = isFields(argument) && typeof argument.value === 'string' ? argument.value : ''
  const values = ofSession ? await completeSession(house, begun) : []
  return { completion: { values, total: values.length, hasMore: false } }
}

/** The level is part of what the session's id says, so the answer gives the client a new one. */
function setLevel(id: RequestId, { level }: Fields, session: McpSession): Answer {
  if (!isLogLevel(level)) throw malformed(`There is no log level ${level}`)
  if (session.id === null) return resultOf(id, {})
  return resultOf(id, {}, { 'Mcp-Session-Id': toSessionId({ ...session, level }) })
}

/** Whatever cannot be cancelled any more is left as it is. */
async function cancel({ house }: Call, { requestId }: Fields, session: McpSession): Promise<void> {
  if (session.id === null || !isRequestId(requestId) || !house.may('runs')) return
  const run = await house.runs.findActive(requestMark(session, requestId))
  if (run) await house.runs.cancel(run.id)
}

/** A stream that broke goes on; there is no other to open, for nothing comes without being asked. */
async function resume(call: Call): Promise<Answer> {
  const { header, house } = call
  const last = header('last-event-id')
  if (last === undefined) {
    throw new Problem('method_not_allowed', 'GET goes on with a stream: send its Last-Event-ID')
  }
  const mcpSession = readSession(call)
  const session = house.may('approvals') ? mcpSession : { ...mcpSession, asks: noAsks }
  const position = readEventId(last)
  if (!position) throw malformed('Last-Event-ID is no id of an event from here')
  const { place, seq } = position
  const [run, bounds] = await Promise.all([
    house.runs.get(place.runId),
    house.events.runBounds(place.runId),
  ])
  const detail = bounds && (await house.sessions.detail(bounds.sessionId, 0))
  if (!run || !bounds || !detail) {
    throw new Problem('not_found', `There is no run ${place.runId}`)
  }
  const isOutside = place.from < bounds.after || place.from >= (bounds.last ?? Number.MAX_VALUE)
  if (isOutside) throw malformed('Last-Event-ID is no id of an event from here')
  const kept = await house.events.bounds(bounds.sessionId)
  if (kept && place.from < kept.oldest - 1) {
    throw new Problem('events_expired', 'The events of this run are older than is kept', {
      oldest_seq: kept.oldest,
    })
  }
  // A stream that joined a run asked first what waited then, which stands in no event of it.
  const asksFirst = seq === place.from && place.from !== bounds.after
  const spec = house.agents.get(run.agent)?.file.agents[run.agent_name]
  const view = createMcpView({
    run,
    place,
    session,
    sessionId: detail.external_id ?? run.session_id,
    structured: spec?.structured_output !== undefined,
    questions: asksFirst ? (questionsOf(detail, session) ?? []) : [],
  })
  return { type: 'stream', sessionId: bounds.sessionId, after: place.from, resumeAfter: seq, view }
}
