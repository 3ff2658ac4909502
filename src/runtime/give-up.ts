import type { Message } from '#contract/message.ts'
import type { RunError } from '#contract/run.ts'
import type { OpenCall } from '#store/run-calls.ts'
import type { LoadedRun } from '#store/run-loading.ts'
import { type ActiveRun, toObservedRun } from './active-run.ts'
import { noBudget } from './budget.ts'
import type { LoopContext } from './context.ts'
import { fail } from './endings.ts'
import type { LogWriter } from './journal.ts'
import { standIn } from './restore.ts'

/** What ending a run takes that nobody loads any more. */
export type EndingRows = {
  loadToEnd(target: { run: string } | { call: string }): Promise<LoadedRun | null>
  callsToEnd(runId: string): Promise<OpenCall[]>
  failUnbegun(run: { runId: string; token: number; error: RunError }): Promise<void>
}

type Hands = { log: LogWriter; signal: AbortSignal }

/**
 * Ends a run that stopped every server that took it. It is not loaded for that: its history, its
 * agent or its options may be what stopped them.
 */
export async function giveUp(
  context: LoopContext,
  {
    rows,
    runId,
    attempts,
    ...hands
  }: Hands & { rows: EndingRows; runId: string; attempts: number },
): Promise<void> {
  const message = `The run stopped ${attempts} servers and is not tried again.`
  const error: RunError = { code: 'too_many_attempts', message, retryable: false }
  const found = await rows.loadToEnd({ run: runId })
  if (!found) return
  if (!found.begun) return rows.failUnbegun({ runId, token: found.token, error })
  const run = await toBareRun(rows, found, { ...hands, parent: null })
  await context.observer.run(toObservedRun(run), () =>
    fail(withoutLoading(context, rows), run, error, null),
  )
}

/** Sub-agents' runs are closed like the run itself. */
function withoutLoading(context: LoopContext, rows: EndingRows): LoopContext {
  return {
    ...context,
    rows: {
      ...context.rows,
      calls: ({ runId }) => rows.callsToEnd(runId),
      subRun: (call) => rows.loadToEnd({ call }),
    },
    restore: (found, parent) => toBareRun(rows, found, { ...parent, parent }),
  }
}

/** A run with just what its end needs; of its history, the answer whose calls have no results. */
async function toBareRun(
  rows: EndingRows,
  found: LoadedRun,
  { log, signal, parent }: Hands & { parent: ActiveRun | null },
): Promise<ActiveRun> {
  const calls = await rows.callsToEnd(found.id)
  return {
    id: found.id,
    tenant: found.tenant,
    owner: found.owner,
    sessionId: found.sessionId,
    rootSessionId: found.rootSessionId,
    assistant: standIn(found),
    options: found.options,
    model: found.model,
    picked: null,
    iterations: found.iterations,
    iterationLimit: found.iterationLimit,
    usage: found.usage,
    budget: noBudget,
    toolCalls: found.toolCalls,
    active: { before: found.activeMs, since: performance.now() },
    parent,
    totals: parent?.totals ?? { usage: found.totals },
    history: toAnswer(calls),
    compaction: { summary: null, failed: false },
    plan: null,
    leaf: found.leaf,
    title: null,
    workingDir: null,
    headers: {},
    settings: found.settings,
    openStep: null,
    recovered: true,
    warned: new Set(),
    depth: parent ? parent.depth + 1 : 0,
    level: found.level,
    trace: found.trace,
    log,
    signal,
  }
}

function toAnswer(calls: OpenCall[]): Message[] {
  const [first] = calls
  if (!first) return []
  return [
    {
      id: first.messageId,
      parent_id: null,
      role: 'assistant',
      agent_name: null,
      status: 'complete',
      content: '',
      tool_calls: calls.map(({ callId, tool }) => ({
        id: callId,
        type: 'function',
        function: { name: tool, arguments: '' },
      })),
      created_at: '',
    },
  ]
}
