import type { AgentFile } from '#contract/agent-file.ts'
import type { Message } from '#contract/message.ts'
import { Problem } from '#contract/problem.ts'
import type { KeptVersion, LoadedRun } from '#store/run-loading.ts'
import type { StartableSession } from '#store/run-start.ts'
import type { ActiveRun } from './active-run.ts'
import type { Assistant, Assistants } from './assistant.ts'
import { noBudget } from './budget.ts'
import { type AgentCatalog, type AgentLink, type AgentSnapshot, pinOf } from './catalog.ts'
import { noHooks } from './hooks.ts'
import type { LogWriter } from './journal.ts'
import { estimateMessage, historyReach, shownLimit } from './prompt.ts'

/** The rows that a run is made from. */
export type RunRows = {
  history(request: {
    sessionId: string
    limit: number
    leaf: string | null
    branched: boolean
    before: number | null
    after: number | null
  }): Promise<{ seq: number; message: Message }[]>
  openStep(request: {
    rootSessionId: string
    runId: string
    step: number
    after: number
  }): Promise<number | null>
  agentVersion(version: string): Promise<KeptVersion | null>
}

/** Makes a run ready to go on from nothing but its rows. */
export async function restoreRun({
  loaded,
  rows,
  catalog,
  assistants,
  log,
  signal,
  recovered,
  parent,
}: {
  loaded: LoadedRun
  rows: RunRows
  catalog: AgentCatalog
  assistants: Assistants
  log: LogWriter
  signal: AbortSignal
  recovered: boolean
  parent?: ActiveRun
}): Promise<ActiveRun> {
  const assistant = await findAssistant({ loaded, rows, catalog, assistants })
  const step = loaded.iterations + 1
  const seq = await rows.openStep({
    rootSessionId: loaded.rootSessionId,
    runId: loaded.id,
    step,
    after: loaded.firstSeq,
  })
  return {
    id: loaded.id,
    tenant: loaded.tenant,
    owner: loaded.owner,
    sessionId: loaded.sessionId,
    rootSessionId: loaded.rootSessionId,
    assistant,
    options: loaded.options,
    model: loaded.model,
    picked: loaded.picked,
    iterations: loaded.iterations,
    iterationLimit: loaded.iterationLimit,
    usage: loaded.usage,
    budget: loaded.budget ?? noBudget,
    toolCalls: loaded.toolCalls,
    active: { before: loaded.activeMs, since: performance.now() },
    parent: parent ?? null,
    totals: parent?.totals ?? { usage: loaded.totals },
    history: await readHistoryFor(assistant, { loaded, rows }),
    compaction: { summary: loaded.summary, failed: false },
    plan: loaded.plan,
    leaf: loaded.leaf,
    title: loaded.title,
    workingDir: loaded.workingDir,
    headers: parent?.headers ?? {},
    settings: loaded.settings,
    openStep: seq === null ? null : { step, seq, stale: loaded.lastSeq > seq },
    recovered,
    warned: new Set(),
    depth: parent ? parent.depth + 1 : 0,
    level: loaded.level,
    trace: loaded.trace,
    log,
    signal,
  }
}

/** The agent of the version that the run pinned, also when its file has changed or is gone. */
async function findAssistant({
  loaded,
  rows,
  catalog,
  assistants,
}: {
  loaded: LoadedRun
  rows: RunRows
  catalog: AgentCatalog
  assistants: Assistants
}): Promise<Assistant> {
  const snapshot = await findVersion({
    tenant: loaded.tenant,
    name: loaded.agent,
    pin: loaded.agentVersion,
    rows,
    catalog,
  })
  return snapshot ? assistants.get(snapshot, loaded.agentName) : standIn(loaded)
}

/** A version with all that it was linked to; null when some of it is gone. */
async function findVersion({
  tenant,
  name,
  pin,
  rows,
  catalog,
}: {
  tenant: string
  name: string
  pin: string
  rows: Pick<RunRows, 'agentVersion'>
  catalog: AgentCatalog
}): Promise<AgentSnapshot | null> {
  const current = catalog.of(tenant).get(name)
  if (current && pinOf(current) === pin) return current
  const kept = await rows.agentVersion(pin)
  if (!kept) return null
  const links: Record<string, AgentLink> = {}
  for (const [entry, { source, ...link }] of Object.entries(kept.links ?? {})) {
    const snapshot = await findVersion({
      tenant,
      name: source,
      pin: link.pin,
      rows,
      catalog,
    })
    if (!snapshot) return null
    links[entry] = { name: link.name, agentName: link.agentName, snapshot }
  }
  return {
    name: kept.name,
    version: kept.version,
    pin,
    file: keptFile(kept.file),
    baseDirectory: kept.baseDirectory,
    source: current?.source ?? kept.name,
    writable: false,
    trusted: current?.trusted === true,
    links,
  }
}

/** What `findVersion` needs again. */
export function toKeptVersion(snapshot: AgentSnapshot): KeptVersion {
  const { name, file, baseDirectory, links = {} } = snapshot
  const kept = Object.entries(links).map(([entry, link]) => {
    const { snapshot: linked, agentName } = link
    return [entry, { name: link.name, agentName, source: linked.name, pin: pinOf(linked) }]
  })
  return {
    version: pinOf(snapshot),
    name,
    file,
    baseDirectory,
    links: kept.length > 0 ? Object.fromEntries(kept) : null,
  }
}

/** Only what `AgentFile` had parsed is ever kept. */
function keptFile(file: unknown): AgentFile {
  return file as AgentFile
}

/** Stands in for an agent that cannot be had any more, so that its run can fail in words. */
export function standIn(
  loaded: Pick<LoadedRun, 'agent' | 'agentName' | 'agentVersion'>,
): Assistant {
  const name = loaded.agentName
  const missing = () => {
    throw new Problem('agent_invalid', `Version ${loaded.agentVersion} of ${loaded.agent} is gone`)
  }
  return {
    name,
    spec: {},
    snapshot: {
      name: loaded.agent,
      version: loaded.agentVersion,
      file: { agents: { [name]: {} } },
      baseDirectory: '/',
      source: loaded.agent,
      writable: false,
    },
    roster: [],
    handoffs: [],
    hooks: noHooks,
    pickable: [],
    model: missing,
    models: missing,
    rest: () => undefined,
    tools: async () => ({ tools: [], warnings: [] }),
    systemPrompt: async () => '',
  }
}

const chunk = 200

/** Reads back from the newest message, only as far as a prompt can reach, and never beyond the summary. */
async function readHistoryFor(
  assistant: Assistant,
  {
    loaded,
    rows,
  }: {
    loaded: Pick<LoadedRun, 'sessionId' | 'options' | 'summary' | 'leaf' | 'branched'>
    rows: RunRows
  },
): Promise<Message[]> {
  const reach = historyReach({
    itemLimit: shownLimit(assistant.spec.num_history_items),
    contextLimit: contextLimitOf(assistant, loaded.options.model),
  })
  const history: Message[] = []
  let tokens = 0
  let before: number | null = null
  let { leaf } = loaded
  for (;;) {
    const limit = Math.min(chunk, Math.max(1, reach.items - history.length))
    const page = await rows.history({
      sessionId: loaded.sessionId,
      limit,
      leaf,
      branched: loaded.branched,
      before,
      after: loaded.summary?.seq ?? null,
    })
    history.unshift(...page.map((row) => row.message))
    tokens += page.reduce((sum, row) => sum + estimateMessage(row.message), 0)
    before = page[0]?.seq ?? null
    leaf = page[0]?.message.parent_id ?? null
    const enough = tokens > reach.tokens || history.length >= reach.items
    if (page.length < limit || enough) return history
  }
}

/** The history that a new run of an idle session begins with. */
export function readStartHistory(
  assistant: Assistant,
  {
    session,
    model,
    rows,
  }: {
    session: Pick<StartableSession, 'id' | 'summary' | 'leaf' | 'branched'>
    model: string | undefined
    rows: RunRows
  },
): Promise<Message[]> {
  const options = model === undefined ? {} : { model }
  return readHistoryFor(assistant, {
    loaded: { ...session, sessionId: session.id, options },
    rows,
  })
}

/** A model that cannot be resolved fails the run at its step, with its reason; not here. */
function contextLimitOf(assistant: Assistant, override: string | undefined): number | null {
  try {
    return assistant.model(override).contextLimit
  } catch {
    return null
  }
}
