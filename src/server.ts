import { randomBytes, randomFillSync, randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { concealFile } from '#agents/conceal.ts'
import { createPeers } from '#agents/peers.ts'
import { createAdmission } from '#http/admission.ts'
import { createApp } from '#http/app.ts'
import { createHouses } from '#http/dialect-house.ts'
import { docsPages } from '#http/docs.ts'
import { type Collaborators, createHandlers } from '#http/handlers/handlers.ts'
import type { EventRows } from '#http/handlers/streams.ts'
import { createKeyGuard } from '#http/idempotency.ts'
import { landingPage } from '#http/landing.ts'
import { createRunAdmission } from '#http/limits-runs.ts'
import { createStreamSeats } from '#http/limits-streams.ts'
import { listen } from '#http/listen.ts'
import { openMetricsDoor } from '#http/metrics-door.ts'
import { playgroundPages } from '#http/playground.ts'
import { createEventStreams, tickInterval } from '#http/sse.ts'
import { createTicker } from '#http/ticker.ts'
import { joinRequestObservers } from '#http/watch.ts'
import { openModels } from '#providers/models.ts'
import { createOfflineModel } from '#providers/offline.ts'
import { checkArguments } from '#runtime/arguments.ts'
import { busy } from '#runtime/busy-session.ts'
import { listModels } from '#runtime/listed-models.ts'
import { joinObservers } from '#runtime/observer.ts'
import { openRuntime, type Runtime } from '#runtime/open-runtime.ts'
import type { ToolsetFactory } from '#runtime/tool.ts'
import type { Database } from '#store/database.ts'
import { readBounds, readRunBounds } from '#store/events.ts'
import { createIds } from '#store/ids.ts'
import { readLatestModels } from '#store/latest-models.ts'
import { createMemories } from '#store/memories.ts'
import { countMessages } from '#store/message-counts.ts'
import { openNotices } from '#store/notices.ts'
import { openDatabase } from '#store/open-database.ts'
import { bindRunStatements } from '#store/run-statements.ts'
import { createSessionLists } from '#store/session-lists.ts'
import { createStore } from '#store/store.ts'
import { createA2aToolset } from '#tools/a2a.ts'
import { createApiToolset } from '#tools/api.ts'
import { createBackgroundAgentsToolset } from '#tools/background-agents.ts'
import { createBackgroundJobs } from '#tools/background-jobs.ts'
import { openCodeRunner } from '#tools/code/code-runner.ts'
import { createCodeToolset } from '#tools/code/code-toolset.ts'
import { createFetchToolset } from '#tools/fetch.ts'
import { createFilesystemToolset } from '#tools/filesystem.ts'
import { createGuardedFetch } from '#tools/guarded-fetch.ts'
import { createGuardedTransport } from '#tools/guarded-transport.ts'
import { createHooks } from '#tools/hooks/hooks.ts'
import { createMcpToolset } from '#tools/mcp.ts'
import { createMemoryToolset } from '#tools/memory.ts'
import { createModelPickerToolset } from '#tools/model-picker.ts'
import { createOpenApiToolset } from '#tools/openapi.ts'
import { withPostEdit } from '#tools/post-edit.ts'
import { createScriptToolset } from '#tools/script.ts'
import { createShellToolset } from '#tools/shell.ts'
import { createSkillsToolset } from '#tools/skills.ts'
import { createTasksToolset } from '#tools/tasks.ts'
import { createThinkToolset } from '#tools/think.ts'
import { createTodoToolset } from '#tools/todo.ts'
import { createUserPromptToolset } from '#tools/user-prompt.ts'
import { createWebSearchToolset } from '#tools/web-search.ts'
import { agentVariant } from './agent-variant.ts'
import { type CloseStack, createCloseStack } from './close-stack.ts'
import type { Config } from './config.ts'
import { dialects } from './dialects.ts'
import { openAgents, openFileAgents } from './open-agents.ts'
import { openArchive } from './open-archive.ts'
import { openAuth } from './open-auth.ts'
import { openTelemetry, type Telemetry } from './open-telemetry.ts'
import { readPawanConfig } from './pawan-config.ts'
import { redactHooks, redactToolsets } from './redacted-plugins.ts'
import { createRedaction, type Redaction } from './redaction.ts'
import { tellRemovals } from './removed-sessions.ts'
import { describeStart } from './start-lines.ts'
import { tracedFetch, tracedTransport } from './traced-ways-out.ts'
import { resolveWorkingDir } from './working-dir.ts'

export type RunningServer = {
  url: string
  /** What people read when it starts. */
  lines: string[]
  /** Drains: hands runs over, ends streams so that clients come back, closes what was opened. */
  close(): Promise<void>
}

/** Milliseconds that runs get to reach their next step when the server stops. */
const drainGrace = 10_000
/** Bytes of a document that a session is made of. */
const largestUpload = 10 * 1024 * 1024
/** Milliseconds that requests get to be answered when the server stops. */
const closeGrace = 2000

/** Builds the house: every floor and every plug-in is named here, once. */
export async function startServer(config: Config): Promise<RunningServer> {
  const redaction = createRedaction({ environment: config.environment })
  redaction.learn([config.database, config.archive?.url])
  const opened = createCloseStack()
  try {
    const telemetry = await openTelemetry({ config, redaction, opened })
    return await build(config, { redaction, opened, telemetry })
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function build(
  config: Config,
  {
    redaction,
    opened,
    telemetry,
  }: { redaction: Redaction; opened: CloseStack; telemetry: Telemetry },
): Promise<RunningServer> {
  const began = performance.now()
  const { environment } = config
  const { log, metrics, watchers, outgoingHeaders } = telemetry
  const onFatal = (error: Error) => {
    log.error('the embedded database has stopped; start the server again', { error })
    process.exit(1)
  }

  const pawanSettings = await readPawanConfig(config.pawan)
  let agents: Awaited<ReturnType<typeof openAgents>> | undefined
  const files = await openFileAgents({
    config,
    log,
    onChange: () => agents?.catalog.reportClashes(),
  })
  opened.add(() => files.close())

  // Looks for a model while the database opens.
  const openingModels = openModels({
    environment,
    offline: createOfflineModel(),
    traffic: config.traffic,
    outgoingHeaders,
  })
  opened.add(async () => (await openingModels).close())
  const database = await openDatabase(
    config.database.kind === 'postgres'
      ? { url: config.database.url }
      : { dataDirectory: config.database.dataDirectory, onFatal },
  )
  opened.add(() => database.close())
  const auth = await openAuth({ config, database, now: monotonic })
  opened.add(() => auth.close())
  const ids = createIds({ now: Date.now, random: createRandomPool() })
  const store = createStore({ database, ids })
  const archive = openArchive({ config, database, resolve: resolveHost, log })
  opened.add(() => archive?.stop(closeGrace))
  const statements = bindRunStatements(database, { archive })

  const models = await openingModels

  const waysOut = { resolve: resolveHost, allowHosts: [...config.allowHosts] }
  const guardedFetch = tracedFetch(createGuardedFetch(waysOut), outgoingHeaders)
  const code = await openCodeRunner({ isEnabled: config.enableCode })
  opened.add(() => code.close())
  agents = await openAgents({ config, log, files, store, code })
  const { catalog, agentEdits, agentToolEdits } = agents
  opened.add(() => catalog.close())
  const jobs = createBackgroundJobs({ now: Date.now })
  opened.add(() => jobs.close())
  const shell = { enabled: config.enableShell, environment, workspace: config.workspace }
  const transport = tracedTransport(createGuardedTransport(waysOut), outgoingHeaders)
  const toolsets: Record<string, ToolsetFactory> = {
    filesystem: withPostEdit(createFilesystemToolset, shell),
    think: createThinkToolset,
    skills: createSkillsToolset({
      home: environment.HOME,
      now: monotonic,
      warn: (message) => log.warn(message),
    }),
    shell: createShellToolset({ ...shell, jobs }),
    script: createScriptToolset(shell),
    memory: createMemoryToolset({ memories: createMemories({ database }) }),
    tasks: createTasksToolset({ tasks: createSessionLists({ database, table: 'tasks' }) }),
    todo: createTodoToolset({ todos: createSessionLists({ database, table: 'todos' }) }),
    code: createCodeToolset({ runner: code }),
    fetch: createFetchToolset({ guardedFetch }),
    user_prompt: createUserPromptToolset,
    mcp: createMcpToolset({ transport, environment, version: config.version, log, now: monotonic }),
    api: createApiToolset({ guardedFetch, environment, checkValue: checkArguments }),
    openapi: createOpenApiToolset({ guardedFetch, environment, now: monotonic, log }),
    web_search: createWebSearchToolset({ guardedFetch, environment }),
    model_picker: createModelPickerToolset,
    background_agents: createBackgroundAgentsToolset,
    a2a: createA2aToolset({ transport, environment, now: monotonic }),
  }

  const runtime = await openRuntime({
    statements,
    readers: {
      run: store.runs.get,
      latestRun: store.runs.latest,
      started: store.runs.started,
      approval: store.approvals.get,
    },
    catalog,
    models,
    toolsets: redactToolsets(toolsets, redaction),
    hooks: redactHooks(createHooks(shell), redaction),
    runScript: code.runScript,
    nextId: ids.next,
    // A lease belongs to a process, not to a name: a restarted one has to claim again.
    instance: `${config.instanceName}/${randomBytes(6).toString('hex')}`,
    embedded: database.kind === 'embedded',
    openNotices:
      database.kind === 'postgres'
        ? (handlers) => openNotices({ database, ...handlers })
        : undefined,
    titles: config.titles,
    compactAfter: config.compactAfter,
    retention: config.retention,
    budget: config.runBudget,
    questionLifetime: config.limits.approvalTimeout * 1000,
    observer: joinObservers(watchers.map(({ runs }) => runs)),
    log,
  })
  opened.add(() => runtime.close(drainGrace))

  const ticker = createTicker({ interval: tickInterval })
  const streams = createEventStreams({
    feed: runtime.feed,
    ticker,
    onBug: (error) => log.error('a stream could not be shown', { error }),
  })
  metrics.watch({
    runLoad: store.operator.runLoad,
    runsHeld: runtime.running,
    streams: streams.size,
    followers: runtime.followers,
    pool: database.load,
  })
  const admission = createAdmission({
    seats: createStreamSeats(config.limits.streams),
    admitRun: createRunAdmission({
      most: config.limits.keyRuns,
      countRunning: store.runs.countActive,
    }),
  })
  let draining = false
  const collaborators: Collaborators = {
    sessions: tellRemovals(store.sessions, runtime.sessionRemoved),
    copies: store.copies,
    messages: store.messages,
    runRows: store.runs,
    approvals: store.approvals,
    runs: runtime.runs,
    feed: runtime.feed,
    events: bindEventRows(database, runtime.readFrames),
    streams,
    admission,
    catalog,
    models: { list: ({ tenant }) => listModels({ models, agents: catalog.of(tenant) }) },
    newSessionId: () => ids.next('ses'),
    workingDir: (path) => resolveWorkingDir(config.workspace, path),
    agentEdits,
    agentToolEdits,
    conceal: concealFile,
    peers: createPeers({
      path: config.peersFile,
      name: config.instanceName,
      onProblem: (line) => log.warn(line),
    }),
    toolDefinitions: async (snapshot, agentName, options) => {
      const session = { tenant: 'default', owner: 'local', sessionId: '', agentName }
      const assistant = runtime.assistants.get(snapshot, agentName)
      const { tools } = await assistant.tools({ ...session, workingDir: null }, options)
      return tools.map((tool) => tool.definition)
    },
    stats: store.stats.count,
    keys: store.keys,
    newKeyId: () => ids.next('key'),
    random: randomBytes,
    onKeyMade: auth.onKeyMade,
    onKeyRevoked: auth.onKeyRevoked,
    health: async () => ({
      version: config.version,
      uptime: Math.round((performance.now() - began) / 1000),
      sessions: await store.operator.activeSessions(),
      agent_id: config.instanceName,
    }),
    readMetrics: metrics.read,
    notReady: async () => {
      if (draining) return ['the server is stopping']
      return database.ping().then(
        () => [],
        () => ['the database is away'],
      )
    },
  }
  const document = await readFile(new URL('../openapi/openapi.json', import.meta.url), 'utf8')
  const { body, rate, isStandardRate, trustProxy } = config.limits
  const sparesKeyless = isStandardRate && config.loopback
  const newRequestId = () => randomUUID()
  const app = createApp({
    guard: createKeyGuard({ keys: statements.keys, busy, log }),
    handlers: createHandlers(collaborators),
    dialects: {
      all: dialects.filter(({ name }) => !config.dialectsOff.includes(name)),
      atRoot: config.standIn,
      version: config.version,
      openHouse: createHouses({
        ...collaborators,
        countMessages: (scope, sessions) => countMessages({ database, scope, sessions }),
        latestModels: (scope, sessions) => readLatestModels({ database, scope, sessions }),
      }),
      streams,
      admission,
      waitForApprovals: config.dialectApprovals === 'wait',
      variants: pawanSettings
        ? {
            pawan: (snapshot) =>
              agentVariant(snapshot, { settings: pawanSettings, detected: models.detected.id }),
          }
        : {},
    },
    pages: [
      ...playgroundPages({
        directory: fileURLToPath(new URL('../web/dist', import.meta.url)),
        fallback: landingPage({ version: config.version }),
      }),
      ...docsPages({ document: () => document }),
    ],
    limits: {
      body,
      upload: Math.max(body, largestUpload),
      requests: { rate, sparesKeyless, trustProxy, now: monotonic },
    },
    door: auth.door,
    gate: auth.gate,
    observer: joinRequestObservers(watchers.map(({ requests }) => requests)),
    newRequestId,
    log,
  })
  const server = await listen({ app, ...config.listen, newRequestId })
  opened.add(async () => {
    draining = true
    streams.close()
    await server.close(closeGrace)
  })

  const metricsDoor =
    config.metricsListen &&
    (await openMetricsDoor({
      ...config.metricsListen,
      readMetrics: metrics.read,
      onError: (error) => log.error('could not read the metrics', { error }),
    }))
  opened.add(() => metricsDoor?.close())

  // The first run need not wait for it, nor whoever asks first whether the server is ready.
  const preparing = setTimeout(() => {
    models
      .prepare()
      .catch((error: unknown) => log.warn('could not load the model client', { error }))
  }, prepareAfter).unref()
  opened.add(() => clearTimeout(preparing))

  return {
    url: server.url,
    lines: describeStart({
      config,
      url: server.url,
      metricsUrl: metricsDoor?.url,
      agents: files,
      models,
      code: code.support,
    }),
    close: opened.close,
  }
}

/** The log as the handlers read it: where it begins and ends, and pages of its frames. */
function bindEventRows(database: Database, readFrames: Runtime['readFrames']): EventRows {
  return {
    bounds: (scope, session) => readBounds(database, scope, session),
    runBounds: (scope, runId) => readRunBounds(database, scope, runId),
    async page(scope, sessionId, { after, limit }) {
      const { frames, more } = await readFrames({ sessionId, after, limit })
      // Read afterwards, they tell whether there was something to read.
      const bounds = await readBounds(database, scope, sessionId)
      return bounds && { ...bounds, frames, more }
    },
  }
}

/** Milliseconds. */
const prepareAfter = 500

function resolveHost(hostname: string): Promise<{ address: string; family: number }[]> {
  return lookup(hostname, { all: true })
}

/** Random bytes drawn from a buffer that is filled now and then: filling costs more than the bytes. */
function createRandomPool(): (size: number) => Uint8Array {
  const pool = new Uint8Array(4096)
  let used = pool.length
  return (size) => {
    if (used + size > pool.length) {
      randomFillSync(pool)
      used = 0
    }
    used += size
    return pool.slice(used - size, used)
  }
}

function monotonic(): number {
  return performance.now()
}
