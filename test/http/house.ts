import type { EventBody } from '#contract/event.ts'
import type { ApiKey } from '#contract/key.ts'
import { Problem } from '#contract/problem.ts'
import type { Run } from '#contract/run.ts'
import type { Session, SessionDetail } from '#contract/session.ts'
import type { SessionExport } from '#contract/session-copy.ts'
import { noUsage } from '#contract/usage.ts'
import { createAdmission } from '#http/admission.ts'
import { createApp } from '#http/app.ts'
import type { Gate } from '#http/auth-gate.ts'
import { createHouses } from '#http/dialect-house.ts'
import type { Dialect } from '#http/dialects/dialect.ts'
import { docsPages } from '#http/docs.ts'
import { createHandlers } from '#http/handlers/handlers.ts'
import { landingPage } from '#http/landing.ts'
import type { RequestLimits } from '#http/limits.ts'
import { createStreamSeats } from '#http/limits-streams.ts'
import { listen } from '#http/listen.ts'
import { openCaller } from '#http/principal.ts'
import { createEventStreams } from '#http/sse.ts'
import { joinRequestObservers } from '#http/watch.ts'
import { createLogger } from '#log.ts'
import { createFeed } from '#runtime/feed.ts'
import type { Frame } from '#runtime/runtime.ts'
import { checkedFetch } from '../support/contract.ts'
import { log } from '../support/event-log.ts'

const time = '2026-01-31T12:00:00.000Z'
type Collaborators = Parameters<typeof createHandlers>[0]

/**
 * The HTTP floor over a real port, with one session and one run below it. `append` writes to the
 * session's log, `tick` is the streams' timer.
 */
export async function openHouse({
  overrides = {},
  loopback = true,
  origins = [],
  gate = openGate,
  bodyLimit = 1024 * 1024,
  requests = { rate: null, sparesKeyless: false, trustProxy: false, now: () => 0 },
  streamLimits = { instance: 2000, key: 50 },
  dialects = [],
  atRoot,
}: {
  overrides?: Partial<Collaborators>
  loopback?: boolean
  origins?: string[]
  gate?: Gate
  bodyLimit?: number
  requests?: RequestLimits
  streamLimits?: { instance: number; key: number }
  dialects?: Dialect[]
  atRoot?: Dialect
} = {}) {
  const frames: Frame[] = []
  const logLines: string[] = []
  const cancelled: string[] = []
  const ticks = new Set<() => void>()
  const feed = createFeed({
    read: async ({ after, limit }) => {
      const rest = frames.filter(({ seq }) => seq > after)
      return { frames: rest.slice(0, limit), lost: false, more: rest.length > limit }
    },
  })
  const streams = createEventStreams({
    feed,
    ticker: {
      subscribe(listener) {
        ticks.add(listener)
        return () => ticks.delete(listener)
      },
    },
    onBug(error) {
      throw error
    },
  })
  const admission = createAdmission({
    seats: createStreamSeats(streamLimits),
    admitRun: (_principal, start) => start(),
  })
  const house = { run: exampleRun, oldest: 1 }
  const collaborators = {
    ...(await doubles(house, frames, cancelled)),
    feed,
    streams,
    admission,
    ...overrides,
  }
  const app = createApp({
    guard: (_c, _operation, handle) => handle(),
    handlers: createHandlers(collaborators),
    pages: [landingPage({ version: '0.1.0' }), ...docsPages({ document: () => '{}' })],
    limits: { body: bodyLimit, upload: 10 * 1024 * 1024, requests },
    dialects: {
      all: dialects,
      atRoot,
      version: '0.1.0',
      openHouse: createHouses({
        ...collaborators,
        countMessages: async () => new Map(),
        latestModels: async () => new Map(),
      }),
      streams,
      admission,
      waitForApprovals: false,
    },
    door: { loopback, isOpen: () => true, origins },
    gate,
    observer: joinRequestObservers([]),
    newRequestId: () => 'req_1',
    log: createLogger({
      level: 'warn',
      write: (line) => logLines.push(line),
      now: () => new Date(time),
    }),
  })
  const server = await listen({ app, host: '127.0.0.1', port: 0, newRequestId: () => 'req_1' })
  const fetchChecked = checkedFetch()

  return {
    url: server.url,
    frames,
    logLines,
    cancelled,
    streams,
    feed,
    house,
    fetch: (path: string, init?: RequestInit) => fetchChecked(`${server.url}${path}`, init),
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetchChecked(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    append(...bodies: EventBody[]) {
      const added = log(...bodies).map((event) =>
        toFrame({ ...event, seq: frames.length + event.seq }),
      )
      frames.push(...added)
      feed.publish('ses_1', added)
    },
    tick() {
      for (const listener of ticks) listener()
    },
    close: async () => {
      streams.close()
      await server.close(0)
    },
  }
}

export type House = Awaited<ReturnType<typeof openHouse>>

function toFrame(event: ReturnType<typeof log>[number]): Frame {
  return { seq: event.seq, type: event.type, runId: event.run_id, json: JSON.stringify(event) }
}

/** Everybody may do everything, as on a loopback address without keys. */
const openGate: Gate = {
  identify(c, next) {
    c.set('principal', openCaller)
    c.set('scope', { tenant: 'default', owner: null })
    return next()
  },
  admit: async () => {},
}

export const exampleSession: Session = {
  id: 'ses_1',
  external_id: null,
  title: null,
  status: 'idle',
  active_run_id: null,
  agent: 'assistant',
  agent_name: null,
  parent_id: null,
  permissions: {},
  tools_approved: false,
  thinking: true,
  working_dir: null,
  max_iterations: null,
  metadata: {},
  usage: noUsage,
  last_seq: 0,
  leaf_message_id: null,
  created_at: time,
  updated_at: time,
}

export const exampleRun: Run = {
  id: 'run_1',
  session_id: 'ses_1',
  status: 'running',
  agent: 'assistant',
  agent_name: 'root',
  model: 'test/model',
  created_at: time,
  started_at: time,
  finished_at: null,
  iterations: 0,
  stop_reason: null,
  completed: false,
  waiting_for: null,
  error: null,
  usage: noUsage,
  tool_calls: 0,
  budget: {},
  metadata: {},
}

const exampleKey: ApiKey = {
  id: 'key_1',
  name: 'shop',
  owner: 'local',
  scopes: ['admin'],
  created_by: 'local',
  created_at: time,
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
}

export const exampleExport: SessionExport = {
  format: 'parley.session',
  version: 1,
  exported_at: time,
  session: {
    title: null,
    agent: 'assistant',
    agent_name: null,
    permissions: {},
    tools_approved: false,
    thinking: true,
    max_iterations: null,
    working_dir: null,
    metadata: {},
    usage: noUsage,
    created_at: time,
  },
  leaf_message_id: null,
  messages: [],
  summaries: [],
  runs: [],
  tool_calls: [],
}

async function doubles(
  house: { run: Run; oldest: number },
  frames: Frame[],
  cancelled: string[],
): Promise<Omit<Collaborators, 'feed' | 'streams' | 'admission'>> {
  const detail: SessionDetail = {
    ...exampleSession,
    pending_approvals: [],
    pending_elicitations: [],
    pending_tool_calls: [],
    messages: [],
    messages_cursor: null,
  }
  const known = (id: string) => (id === 'ses_1' || id === 'mine' ? exampleSession : null)
  const file = { agents: { root: { description: 'Answers', model: 'test/model' }, other: {} } }
  const snapshot = {
    name: 'assistant',
    version: 'v1',
    file,
    baseDirectory: '/',
    source: 'examples/assistant.yaml',
    writable: false,
  }
  const bounds = () => ({ oldest: house.oldest, head: frames.length })
  async function start(request: { session: unknown; agent: { agent: string } }) {
    if (request.agent.agent !== 'assistant') throw new Problem('not_found', 'There is no agent')
    if (request.session === 'busy') {
      throw new Problem('session_busy', 'Busy', { active_run_id: 'run_9' })
    }
    return { run: house.run, after: frames.length, begun: true }
  }
  async function cancel() {
    cancelled.push('run_1')
    return { ...house.run, status: 'cancelled' as const }
  }
  return {
    newSessionId: () => 'ses_1',
    workingDir: (path) => path,
    sessions: {
      create: async (_scope, { input }) => {
        if (input.external_id === 'taken') throw new Problem('conflict', 'The id is in use')
        return { ...exampleSession, title: input.title ?? null }
      },
      get: async (_scope, id) => known(id),
      detail: async (_scope, id) => known(id) && detail,
      list: async () => ({ data: [exampleSession], next_cursor: null }),
      update: async (_scope, id, { title, permissions = {} }) =>
        known(id) && { ...exampleSession, title: title ?? null, permissions },
      toggle: async (_scope, id) => known(id) && true,
      remove: async (_scope, id) => known(id) !== null,
    },
    copies: {
      fork: async (_scope, id) => known(id) && 'ses_1',
      export: async (_scope, id) => known(id) && exampleExport,
      import: async () => 'ses_1',
    },
    messages: { list: async () => ({ data: [], next_cursor: null }) },
    runRows: {
      get: async (_scope, id) => (id === 'run_1' ? house.run : null),
      answer: async () => null,
      list: async () => ({ data: [house.run], next_cursor: null }),
      said: async () => [],
      ofAgent: async () => ({ data: [house.run], next_cursor: null, total: 1 }),
      findActive: async () => null,
    },
    approvals: { list: async () => ({ data: [], next_cursor: null }) },
    events: {
      bounds: async (_scope, id) => known(id) && { sessionId: 'ses_1', ...bounds() },
      runBounds: async (_scope, id) => {
        if (id !== 'run_1') return null
        const last = frames.find(({ type }) => type === 'stream_stopped')?.seq ?? null
        return { sessionId: 'ses_1', after: 0, last, begun: true }
      },
      page: async (_scope, _id, { after, limit }) => ({
        ...bounds(),
        frames: frames.filter(({ seq }) => seq > after).slice(0, limit),
        more: frames.length - after >= limit,
      }),
    },
    runs: {
      start: (_scope, request) => start(request),
      startNew: (_scope, request) => start(request),
      find: async () => null,
      cancel,
      cancelBackground: async () => {},
      dropQueue: async () => {},
      cancelSession: async (_scope, session) => {
        if (known(session) === null) throw new Problem('not_found', 'There is no session')
        throw new Problem('no_active_run', 'Nothing runs')
      },
      resume: async () => house.run,
      decide: async () => {
        throw new Problem('already_decided', 'It was rejected')
      },
      answerElicitation: async () => house.run,
      submitToolResult: async () => house.run,
    },
    catalog: {
      of: () => ({
        list: () => [snapshot],
        get: (name) => (name === 'assistant' ? snapshot : undefined),
        defaultName: () => 'assistant',
      }),
    },
    toolDefinitions: async () => [
      { name: 'read_file', description: 'Reads', parameters: {}, annotations: {}, effect: 'read' },
    ],
    conceal: (shown) => shown,
    peers: async () => [{ name: 'parley@test', ip: null, groups: [], self: true, live: true }],
    agentEdits: {
      create: async () => snapshot,
      update: async () => snapshot,
      updatePrompt: async () => snapshot,
      remove: async () => {
        throw new Problem('agent_read_only', 'It is a file')
      },
      duplicate: async () => snapshot,
      reload: async () => snapshot,
      config: async (_author, name) => ({
        name,
        source: snapshot.source,
        format: 'yaml',
        text: 'agents: { root: {} }',
        config: file,
        prompt: '',
        tools: [],
      }),
      versions: async () => ({ data: [], next_cursor: null }),
      version: async (_author, _name, version) => ({ version, config: file }),
      restore: async () => snapshot,
    },
    keys: {
      list: async () => ({ data: [exampleKey], next_cursor: null }),
      create: async () => exampleKey,
      revoke: async (_scope, { id }) => id === exampleKey.id,
      createToken: async (_scope, { session, verbs, singleUse }) =>
        known(session) && {
          session_id: session,
          verbs,
          single_use: singleUse,
          expires_at: time,
        },
    },
    newKeyId: () => exampleKey.id,
    random: (size) => new Uint8Array(size),
    onKeyMade: () => {},
    onKeyRevoked: () => {},
    agentToolEdits: {
      list: () => [],
      create: async () => {
        throw new Problem('code_disabled', 'Code is off')
      },
      update: async () => {
        throw new Problem('code_disabled', 'Code is off')
      },
      remove: async () => {},
    },
    models: {
      list: async () => [{ id: 'test/model', provider: 'test', name: 'model', is_default: true }],
    },
    stats: async () => ({ session_count: 1, run_count: 1, running: 0, estimated: false }),
    health: async () => ({ version: '0.1.0', uptime: 1, sessions: 0, agent_id: 'parley@test' }),
    readMetrics: async () => '# TYPE parley_streams_open gauge\nparley_streams_open 0\n',
    notReady: async () => [],
  }
}
