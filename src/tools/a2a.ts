import type { AgentCard } from '@a2a-js/sdk'
import { A2aToolset } from '#contract/toolset.ts'
import type { Tool, ToolContext, ToolOutcome, Toolset } from '#runtime/tool.ts'
import { createAnswer } from './a2a-answer.ts'
import type { GuardedTransport } from './guarded-transport.ts'
import { fillInAll } from './header-text.ts'
import { createPatience, type Patience } from './patience.ts'
import { toStorableText } from './storable.ts'

type World = {
  /** The guarded way out. */
  transport: GuardedTransport
  /** Variables for `${env.NAME}`. */
  environment: Record<string, string | undefined>
  /** Milliseconds of a clock that only goes forward. */
  now: () => number
}

/**
 * Makes the factory of toolsets of one tool: another agent, reached over the A2A protocol (1.0, and
 * 0.3 with agents that speak no other). What the agent is and where it answers is read from its card
 * when the tools are first asked for.
 */
export function createA2aToolset(world: World) {
  return (config: Record<string, unknown>): Toolset => {
    const entry = readEntry(config)
    const readCard = cardReader(entry, world)
    return {
      ...(entry.instruction === undefined ? {} : { instruction: entry.instruction }),
      async tools() {
        const tool = toTool(await readCard(), entry, world)
        return entry.tools && !entry.tools.includes(tool.definition.name) ? [] : [tool]
      },
    }
  }
}

const cardTimeout = 20_000
const cancelTimeout = 5000
const defaultTimeout = 60
const longestDescription = 4000

function readEntry(config: Record<string, unknown>): A2aToolset {
  const parsed = A2aToolset.safeParse({ ...config, type: 'a2a' })
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Error(`toolset a2a: ${faults.join('; ')}`)
}

/** Loaded on first use: agents without it should not pay for it. */
async function loadA2aSdk() {
  const [core, client] = await Promise.all([import('@a2a-js/sdk'), import('@a2a-js/sdk/client')])
  return { ...core, ...client }
}

/** The card is read once; what it says stays as it was accepted until the toolset is made anew. */
function cardReader(entry: A2aToolset, world: World): () => Promise<AgentCard> {
  let card: Promise<AgentCard> | null = null
  let failed: { error: Error; retryAt: number } | null = null
  return async () => {
    if (failed && world.now() < failed.retryAt) throw failed.error
    const began = world.now()
    card ??= fetchCard(entry, world)
    try {
      return await card
    } catch (error) {
      card = null
      const reason = error instanceof Error ? error.message : String(error)
      const fault = new Error(`The agent card of ${hostOf(entry.url)} cannot be read: ${reason}`, {
        cause: error,
      })
      // What takes long to fail is not tried again at once.
      failed = { error: fault, retryAt: world.now() + Math.max(1000, world.now() - began) }
      throw fault
    }
  }
}

async function fetchCard(entry: A2aToolset, world: World): Promise<AgentCard> {
  const { DefaultAgentCardResolver } = await loadA2aSdk()
  const send = senderFor(entry, world, {})
  const fetchImpl: typeof fetch = async (input, init) => {
    const response = await send(input, { ...init, signal: AbortSignal.timeout(cardTimeout) })
    if (!response.ok) throw new Error(`it answered HTTP ${response.status}`)
    return response
  }
  const resolver = new DefaultAgentCardResolver({ fetchImpl, legacyCompat: { enabled: true } })
  return resolver.resolve(cardUrl(entry.url), '')
}

function cardUrl(text: string): string {
  const url = new URL(text)
  if (!url.pathname.endsWith('.json')) {
    url.pathname = `${url.pathname.replace(/\/$/, '')}/.well-known/agent-card.json`
  }
  return url.href
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? 'the agent'
}

/** A card may name any address; what the file gives for its own is sent nowhere else. */
function senderFor(
  entry: A2aToolset,
  { transport, environment }: World,
  callerHeaders: Record<string, string>,
): typeof fetch {
  const { origin } = new URL(entry.url)
  const own = fillInAll(entry.headers ?? {}, environment, callerHeaders)
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    const headers = new Headers(init?.headers)
    if (new URL(url).origin === origin) {
      for (const [name, value] of Object.entries(own)) headers.set(name, value)
    }
    return transport(url, { ...init, headers })
  }
}

function toTool(card: AgentCard, entry: A2aToolset, world: World): Tool {
  const name = entry.name ?? toName(card.name)
  return {
    definition: {
      name,
      description: describe(card),
      parameters: {
        type: 'object',
        properties: {
          message: { type: 'string', minLength: 1, description: 'What the agent is to do' },
          context_id: { type: 'string', description: 'Goes on with an earlier conversation' },
          task_id: { type: 'string', description: 'The task that the message answers' },
        },
        required: ['message'],
        additionalProperties: false,
      },
      annotations: { title: toStorableText(card.name), read_only: false, open_world: true },
      effect: 'once',
    },
    // Anew with each sign of life, which the runtime's would not.
    timeout: 0,
    execute: (args, context) => ask(card, entry, world, args, context),
  }
}

function toName(name: string): string {
  const clean = name.replaceAll(/[^A-Za-z0-9_-]+/g, '_').replaceAll(/^_+|_+$/g, '')
  return (clean || 'remote_agent').toLowerCase().slice(0, 64)
}

function describe({ description, skills }: AgentCard): string {
  const lines = skills.map((skill) => `- ${skill.name}: ${skill.description}`)
  const text = [description, ...(lines.length > 0 ? ['It can:', ...lines] : [])].join('\n')
  return toStorableText(text).slice(0, longestDescription).toWellFormed()
}

async function ask(
  card: AgentCard,
  entry: A2aToolset,
  world: World,
  args: Record<string, unknown>,
  context: ToolContext,
): Promise<ToolOutcome> {
  const limit = (entry.timeout ?? defaultTimeout) * 1000
  const patience = createPatience({ limit, signal: context.signal })
  try {
    return await converse(card, entry, world, args, context, patience)
  } catch (error) {
    context.signal.throwIfAborted()
    const reason = patience.isOver()
      ? `there was no sign of life for ${limit / 1000} s`
      : toStorableText(error instanceof Error ? error.message : String(error)).slice(0, 500)
    throw new Error(
      `The agent did not finish: ${reason}. What it did so far is not known; verify before repeating.`,
      { cause: error },
    )
  } finally {
    patience.end()
  }
}

async function converse(
  card: AgentCard,
  entry: A2aToolset,
  world: World,
  args: Record<string, unknown>,
  context: ToolContext,
  patience: Patience,
): Promise<ToolOutcome> {
  const sdk = await loadA2aSdk()
  const fetchImpl = senderFor(entry, world, context.headers ?? {})
  const options = { fetchImpl, legacyCompat: { enabled: true } }
  const client = await new sdk.ClientFactory({
    transports: [new sdk.JsonRpcTransportFactory(options), new sdk.RestTransportFactory(options)],
  }).createFromAgentCard(card)
  const answer = createAnswer(sdk.TaskState)
  const { signal } = patience
  const cancel = () => {
    const id = answer.openTask()
    if (id === null) return
    // The call is over either way; the agent is told to stop as well as it can be.
    const late = AbortSignal.timeout(cancelTimeout)
    client.cancelTask({ tenant: '', id, metadata: undefined }, { signal: late }).catch(() => {})
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const request = {
      tenant: '',
      metadata: undefined,
      configuration: undefined,
      message: {
        // The same id for the same call: an agent that keeps track can tell a repetition.
        messageId: context.callId,
        contextId: String(args.context_id ?? ''),
        taskId: String(args.task_id ?? ''),
        role: sdk.Role.ROLE_USER,
        parts: [textPart(String(args.message))],
        metadata: undefined,
        extensions: [],
        referenceTaskIds: [],
      },
    }
    for await (const event of client.sendMessageStream(request, { signal })) {
      patience.renew()
      const news = answer.add(event)
      if (news) context.progress(news)
    }
    signal.throwIfAborted()
    const open = answer.openTask()
    if (open !== null) answer.addTask(await client.getTask({ tenant: '', id: open }, { signal }))
    return answer.outcome()
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

function textPart(text: string) {
  return {
    content: { $case: 'text' as const, value: text },
    metadata: undefined,
    filename: '',
    mediaType: 'text/plain',
  }
}
