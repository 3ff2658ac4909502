import { setTimeout } from 'node:timers/promises'
import { Problem } from '#contract/problem.ts'
import type { Answer, Call } from './dialect.ts'
import { type Fields, isFields } from './fields.ts'
import { type AgentTool, listAgentTools } from './mcp-agents.ts'
import { errorCodes, errorOf, isRequestId, type RequestId, resultOf } from './mcp-message.ts'
import { type Outcome, outputSchema, toToolError, toToolResult } from './mcp-result.ts'
import type { McpSession } from './mcp-session.ts'
import { type Begun, begin, type Started } from './mcp-start.ts'
import { createMcpView, type McpView } from './mcp-view.ts'

export function listTools(house: Call['house']): object {
  return { tools: listAgentTools(house).map(toTool) }
}

function toTool({ name, spec }: AgentTool) {
  return {
    name,
    title: name,
    description: spec.description ?? `The agent ${name}`,
    inputSchema,
    outputSchema: outputSchema(spec.structured_output?.schema),
    annotations: { title: name, readOnlyHint: false, openWorldHint: true },
  }
}

const inputSchema = {
  type: 'object',
  properties: {
    message: {
      type: 'string',
      description:
        'What the agent is to do. Left out with a session_id: its last answer, once it is there; left out without: the agent does what it is for',
    },
    session_id: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'Goes on with a conversation; left out, a new one begins',
    },
  },
  additionalProperties: false,
}

/** Runs the agent. What is wrong with the call or the run is a result, which a model can act on. */
export async function callTool(
  call: Call,
  { id, params, mcp }: { id: RequestId; params: Fields; mcp: McpSession },
): Promise<Answer> {
  const { house } = call
  const tool = listAgentTools(house).find((known) => known.name === params.name)
  if (!tool) return errorOf(id, errorCodes.invalidParams, `Unknown tool: ${params.name}`)
  if (!house.may('runs')) {
    throw new Problem('forbidden', 'To call a tool takes the scope runs; use a key that has it')
  }
  try {
    const streams = takesStreams(call.header('accept'))
    const asks = streams && house.may('approvals') ? mcp.asks : noAsks
    const asked = { ...mcp, asks }
    const request = { requestId: id, mcp: asked, tool, ...readArguments(params.arguments) }
    const begun = await begin(house, request)
    const meta = isFields(params._meta) ? params._meta : {}
    const progressToken = isRequestId(meta.progressToken) ? meta.progressToken : null
    return await answer(call, { id, progressToken, mcp: asked, tool, begun, streams })
  } catch (error) {
    if (!(error instanceof Problem) || !forTheModel.has(error.code)) throw error
    return resultOf(id, toToolError(error.message))
  }
}

/** Whoever may not decide is not asked, nor who has no stream to be asked over. */
export const noAsks = { form: false, url: false }

/** Refusals of what was asked for, rather than of the caller. */
const forTheModel = new Set<string>([
  'validation_failed',
  'not_found',
  'conflict',
  'session_busy',
  'queue_full',
  'nothing_pending',
])

function readArguments(given: unknown = {}) {
  if (!isFields(given)) throw invalid('arguments must be an object')
  const { message, session_id: session, ...others } = given
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalid(`there is no argument ${other}`)
  if (message !== undefined && typeof message !== 'string') {
    throw invalid('message must be a string')
  }
  if (session === undefined) return { message, session }
  if (typeof session !== 'string' || session.length < 1 || session.length > 200) {
    throw invalid('session_id must be a string of 1 to 200 characters')
  }
  return { message, session }
}

function invalid(message: string): Problem {
  return new Problem('validation_failed', message)
}

/** As a stream, which a client can come back to; whole for one that takes JSON only. */
async function answer(
  { house }: Call,
  {
    id,
    progressToken,
    mcp,
    tool,
    begun,
    streams,
  }: {
    id: RequestId
    progressToken: RequestId | null
    mcp: McpSession
    tool: AgentTool
    begun: Begun
    streams: boolean
  },
): Promise<Answer> {
  const { sessionId } = begun
  const structured = tool.spec.structured_output !== undefined
  if (begun.type === 'outcome') {
    const { outcome, runId } = begun
    return resultOf(id, toToolResult(outcome, { sessionId, runId, structured }))
  }
  const { run, after } = begun.started
  const openView = () =>
    createMcpView({
      run,
      place: { runId: run.id, from: after, requestId: id, progressToken },
      session: mcp,
      sessionId,
      structured,
      questions: begun.questions,
    })
  if (streams) return { type: 'stream', sessionId: run.session_id, after, view: openView() }
  const outcome = await collect(house, begun.started, openView)
  return resultOf(id, toToolResult(outcome, { sessionId, runId: run.id, structured }))
}

async function collect(
  house: Call['house'],
  started: Started,
  openView: () => McpView,
): Promise<Outcome> {
  for (;;) {
    const view = openView()
    const { status } = await house.runs.collect(started, (event) => void view.show(event))
    const outcome = view.outcome()
    if (outcome) return outcome
    if (status !== 'waiting') return { text: 'The run is gone', status: 'failed', isError: true }
    // It parked with everything answered already, and is about to go on.
    await setTimeout(lookEvery)
  }
}

/** Milliseconds. */
const lookEvery = 50

function takesStreams(accept = '*/*'): boolean {
  return accept.includes('text/event-stream') || accept.includes('*/*')
}
