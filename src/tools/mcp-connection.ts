import { pathToFileURL } from 'node:url'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type {
  CallToolResult,
  ElicitRequest,
  Progress,
  Tool,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type {
  ElicitationAnswer,
  ElicitationRequest,
  ToolContext,
  ToolSession,
} from '#runtime/tool.ts'
import type { McpSdk } from './mcp-sdk.ts'
import { createPatience, type Patience } from './patience.ts'
import { toStorableText, toStorableValue } from './storable.ts'

/** A tool as the server describes it. */
export type ServerTool = Tool

export type McpConnection = {
  instructions: string | undefined
  /** The tools; the server is asked again only after it said that they changed. */
  list(): Promise<ServerTool[]>
  /** Throws an Error whose message the model may read. */
  call(request: {
    name: string
    args: Record<string, unknown>
    context: ToolContext
    /** Milliseconds without an answer or progress. */
    timeout: number
  }): Promise<CallToolResult>
  openCalls(): number
  close(): Promise<void>
}

const listTimeout = 10_000
/** The library's own limit, put out of the way of ours. */
const never = 2 ** 31 - 1
/** Milliseconds for a sign of life after a call was given up. */
const pingTimeout = 5000
const mostTools = 1000
const mostProgress = 1000

/**
 * Speaks to one MCP server. Rejects when it cannot be reached or does not answer in time; the
 * transport is closed then. `onClose` is told when the connection is gone, by whomever.
 */
export async function openMcpConnection({
  sdk,
  transport,
  roots,
  version,
  connectTimeout,
  signal,
  whyClosed,
  onClose,
  onConflict,
  onSkipped,
}: {
  sdk: McpSdk
  transport: Transport
  /** Directories that the server is told to work in; null: it is told nothing of directories. */
  roots: string[] | null
  version: string
  /** Milliseconds. */
  connectTimeout: number
  /** Ends the attempt to connect with its reason. */
  signal: AbortSignal
  /** What is known about the end of the connection, in words. */
  whyClosed: () => string
  onClose: () => void
  /** Told whose calls were open, oldest first, when a question could be meant for several users. */
  onConflict: (sessions: string[]) => void
  /** Told why a tool of the server's was left out. */
  onSkipped: (reason: string) => void
}): Promise<McpConnection> {
  const { types } = sdk
  const calls = new Set<OpenCall>()
  let listing: Promise<ServerTool[]> | null = null

  const client = new sdk.Client(
    { name: 'parley', version },
    { capabilities: { elicitation: { form: {}, url: {} }, ...(roots ? { roots: {} } : {}) } },
  )
  client.onclose = onClose
  // A question does not say which call it belongs to. While all open calls are of one session it is
  // that session's user who is asked, else nobody: never somebody else's.
  client.setRequestHandler(types.ElicitRequestSchema, async ({ params }, { signal }) => {
    const sessions = new Set([...calls].map(({ context }) => sessionKey(context)))
    const newest = [...calls].at(-1)
    if (newest && sessions.size === 1) return askFor(newest, params, signal)
    onConflict([...sessions])
    throw new types.McpError(
      types.ErrorCode.InvalidRequest,
      'Nobody can be asked now: no call is open, or calls of several sessions are. Call again.',
    )
  })
  if (roots) {
    client.setRequestHandler(types.ListRootsRequestSchema, () => ({
      roots: roots.map((path) => ({ uri: pathToFileURL(path).href, name: 'workspace' })),
    }))
  }
  client.setNotificationHandler(types.ToolListChangedNotificationSchema, () => {
    listing = null
  })

  const reasonOf = (error: unknown) => whyClosed() || describeFailure(sdk, error)

  try {
    await connect(client, { transport, limit: connectTimeout, signal })
  } catch (error) {
    const reason = reasonOf(error)
    await transport.close().catch(() => {})
    throw new Error(reason, { cause: error })
  }

  /** What is no answer of the server's means that the way to it is broken. */
  async function explained(error: unknown): Promise<Error> {
    if (error instanceof types.McpError && error.code !== types.ErrorCode.ConnectionClosed) {
      return new Error(toStorableText(error.message), { cause: error })
    }
    const reason = reasonOf(error)
    await client.close()
    return new Error(
      `The connection to the server was lost (${reason}); whether the call took effect is not known. Verify before repeating it.`,
      { cause: error },
    )
  }

  async function readList(): Promise<ServerTool[]> {
    if (!client.getServerCapabilities()?.tools) return []
    const tools: ServerTool[] = []
    let cursor: string | undefined
    do {
      const page: ToolPage = await client.request(
        { method: 'tools/list', params: cursor === undefined ? {} : { cursor } },
        ToolPage,
        { timeout: listTimeout },
      )
      for (const entry of page.tools) {
        const tool = readTool(sdk, entry)
        if (typeof tool === 'string') onSkipped(tool)
        else tools.push(tool)
      }
      cursor = page.nextCursor
    } while (cursor !== undefined && tools.length < mostTools)
    return tools
  }

  /** A refusal is a sign of life, too. */
  async function answersPing(limit: number): Promise<boolean> {
    const { ConnectionClosed, RequestTimeout } = types.ErrorCode
    try {
      await client.ping({ timeout: limit })
      return true
    } catch (error) {
      if (!(error instanceof types.McpError)) return false
      return error.code !== ConnectionClosed && error.code !== RequestTimeout
    }
  }

  return {
    instructions: client.getInstructions(),
    async list() {
      listing ??= readList()
      const current = listing
      try {
        return await current
      } catch (error) {
        if (listing === current) listing = null
        const reason = reasonOf(error)
        await client.close()
        throw new Error(`its tools could not be listed: ${reason}`, { cause: error })
      }
    },
    async call({ name, args, context, timeout }) {
      const patience = createPatience({ limit: timeout, signal: context.signal })
      const call: OpenCall = { context, patience }
      calls.add(call)
      try {
        const params = { name, arguments: args, _meta: { call_id: context.callId } }
        return await client.request({ method: 'tools/call', params }, types.CallToolResultSchema, {
          signal: patience.signal,
          timeout: never,
          onprogress: progressTeller(call),
        })
      } catch (error) {
        context.signal.throwIfAborted()
        if (!patience.isOver()) throw await explained(error)
        const silence = `There was neither an answer nor progress for ${timeout / 1000} s, so the call was cancelled; whether it took effect is not known.`
        if (await answersPing(Math.min(timeout, pingTimeout))) {
          throw new Error(silence, { cause: error })
        }
        await client.close()
        throw new Error(
          `${silence} The server answers nothing any more; the next call begins with a new connection.`,
          {
            cause: error,
          },
        )
      } finally {
        calls.delete(call)
        patience.end()
      }
    },
    openCalls: () => calls.size,
    close: () => client.close(),
  }
}

/** Tells sessions apart. */
export function sessionKey({ tenant, owner, sessionId }: ToolSession): string {
  return JSON.stringify([tenant, owner, sessionId])
}

type OpenCall = { context: ToolContext; patience: Patience }

async function connect(
  client: InstanceType<McpSdk['Client']>,
  { transport, limit, signal }: { transport: Transport; limit: number; signal: AbortSignal },
): Promise<void> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`it did not answer within ${limit / 1000} s`)),
    limit,
  )
  const stop = () => reject(signal.reason)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    // The library's limit is for one request; a transport can take its time before that.
    await Promise.race([client.connect(transport, { timeout: never }), givenUp])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** Tools are read one by one: one that is malformed must not take the others along. */
const ToolPage = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() })
type ToolPage = z.infer<typeof ToolPage>

function readTool({ types }: McpSdk, entry: unknown): ServerTool | string {
  const parsed = types.ToolSchema.safeParse(entry)
  if (!parsed.success) return `a tool is malformed: ${z.prettifyError(parsed.error).slice(0, 300)}`
  if (parsed.data.execution?.taskSupport === 'required') {
    return `the tool ${parsed.data.name} runs only as a task, which is not supported`
  }
  try {
    return types.ToolSchema.parse(toStorableValue(entry))
  } catch (error) {
    return `a tool is malformed: ${error instanceof Error ? error.message : error}`
  }
}

function progressTeller({ context, patience }: OpenCall) {
  let told = 0
  return ({ progress, total, message }: Progress) => {
    patience.renew()
    told += 1
    if (told > mostProgress) return
    const position = total === undefined ? `${progress}` : `${progress}/${total}`
    context.progress(toStorableText(message ? `${message} (${position})\n` : `${position}\n`))
  }
}

async function askFor(
  { context, patience }: OpenCall,
  params: ElicitRequest['params'],
  signal: AbortSignal,
) {
  const asked = context.elicit(toElicitation(params))
  const { action, content } = await patience.pauseFor(
    Promise.race([asked, whenAborted(signal), whenAborted(patience.signal)]),
  )
  return { action, ...(action === 'accept' && content ? { content: toFormValues(content) } : {}) }
}

function toElicitation(params: ElicitRequest['params']): ElicitationRequest {
  const message = toStorableText(params.message)
  if ('url' in params) return { message, mode: 'url', url: toStorableText(params.url) }
  const schema = { ...(toStorableValue(params.requestedSchema) as Record<string, unknown>) }
  return { message, mode: 'form', schema }
}

/** The protocol knows flat forms only. */
const FormValues = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
)

function toFormValues(content: Record<string, unknown>) {
  const parsed = FormValues.safeParse(content)
  if (parsed.success) return parsed.data
  throw new Error('The answer does not fit a flat form.')
}

function whenAborted(signal: AbortSignal): Promise<ElicitationAnswer> {
  return new Promise((resolve) => {
    const cancel = () => resolve({ action: 'cancel', content: null })
    if (signal.aborted) cancel()
    else signal.addEventListener('abort', cancel, { once: true })
  })
}

/** Never the text of an HTTP answer: it may repeat a key that was sent. */
function describeFailure({ StreamableHTTPError, SseError }: McpSdk, error: unknown): string {
  if (error instanceof StreamableHTTPError || error instanceof SseError) {
    const isStatus = error.code !== undefined && error.code > 0
    return isStatus ? `it answered HTTP ${error.code}` : 'it broke the protocol'
  }
  const text = error instanceof Error ? error.message : String(error)
  return toStorableText(text).slice(0, 300)
}
