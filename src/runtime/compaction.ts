import type { EventBody } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import { addUsage } from '#contract/usage.ts'
import { type ActiveRun, commitRun, toRunChange } from './active-run.ts'
import type { LoopContext } from './context.ts'
import type { Model } from './model.ts'
import {
  assumedWindow,
  estimateMessage,
  estimateTokens,
  promptShare,
  shownLimit,
} from './prompt.ts'
import { type RunTools, shownTools } from './run-tool.ts'
import { chargeUsage } from './spending.ts'
import { summarize } from './summarize.ts'
import { systemPromptOf } from './system-prompt.ts'
import { leaveStep } from './turn.ts'

/** The part of the window from which on the history is summarised, by what the provider counted. */
const fullShare = 0.9

/**
 * Whether the next prompt is so long that the history has to be summarised first: the provider
 * counted 90 % of the window, or by our own rough estimate old messages would be left out.
 */
export async function isNearlyFull(
  context: LoopContext,
  run: ActiveRun,
  { model, tools }: { model: Model; tools: RunTools },
): Promise<boolean> {
  const { contextLimit } = model
  if (contextLimit === null || run.compaction.failed || model.offline) return false
  if (countedTokens(run) > contextLimit * fullShare) return true
  const limit = shownLimit(run.assistant.spec.num_history_items)
  const shown = limit === null ? run.history : run.history.slice(-limit)
  const history = shown.reduce((sum, message) => sum + estimateMessage(message), 0)
  // Only a history that nearly fills the window is worth a look at the rest.
  if (history < contextLimit * (promptShare / 3)) return false
  const system = await systemPromptOf(context, run)
  const definitions = JSON.stringify(shownTools(tools))
  const rest = estimateTokens(system + (run.compaction.summary?.text ?? ''))
  if (history + rest > contextLimit * promptShare) return true
  return history + rest + estimateTokens(definitions) > contextLimit * fullShare
}

/** What the last model call took, and what has come since. 0: nobody counted since the summary. */
function countedTokens({ history, compaction }: ActiveRun): number {
  const since = compaction.summary?.createdAt ?? ''
  const index = history.findLastIndex(
    ({ usage, created_at }) => usage !== undefined && usage.input_tokens > 0 && created_at > since,
  )
  const usage = history[index]?.usage
  if (!usage) return 0
  const later = history.slice(index + 1)
  const counted = usage.input_tokens + usage.output_tokens
  return later.reduce((sum, message) => sum + estimateMessage(message), counted)
}

/**
 * Puts a summary in the place of all but the last exchange. The messages themselves stay. Answers
 * whether the history got shorter; a summary that fails is told and never ends the run.
 */
export async function compactHistory(
  context: LoopContext,
  run: ActiveRun,
  model: Model,
): Promise<boolean> {
  const kept = keptFrom(run.history, (model.contextLimit ?? assumedWindow) * promptShare)
  const old = run.history.slice(0, kept)
  const last = old.at(-1)
  if (!last || model.offline) return false
  await leaveStep(run)
  await commitRun(run, [{ type: 'session_compaction', status: 'started' }])
  const made = await summarize(run, { model, messages: old })
  if (made === null) {
    run.compaction.failed = true
    await commitRun(run, [{ type: 'session_compaction', status: 'failed' }])
    return false
  }
  run.usage = addUsage(run.usage, made.usage)
  run.totals.usage = addUsage(run.totals.usage, made.usage)
  const summary = { text: made.text, messageId: last.id, createdAt: context.clock.isoNow() }
  const events: EventBody[] = [
    { type: 'session_summary', summary: made.text },
    { type: 'session_compaction', status: 'completed' },
  ]
  const { sessions, spent } = chargeUsage(run, made.usage)
  await commitRun(run, events, {
    runs: [toRunChange(run)],
    spent,
    sessions: sessions.map((change) =>
      change.id === run.sessionId ? { ...change, summary } : change,
    ),
  })
  run.history = run.history.slice(kept)
  run.compaction = { summary, failed: false }
  return true
}

/**
 * Where the part that is kept begins: at the last message of the user, or, when what follows it is
 * itself too long, at the last answer with its tool results. Never between a call and its result.
 */
function keptFrom(history: Message[], room: number): number {
  const asked = history.findLastIndex((message) => message.role === 'user')
  const tokens = history.slice(asked).reduce((sum, message) => sum + estimateMessage(message), 0)
  if (asked > 0 && tokens < room / 2) return asked
  return Math.max(
    asked,
    history.findLastIndex((message) => message.role === 'assistant'),
    0,
  )
}
