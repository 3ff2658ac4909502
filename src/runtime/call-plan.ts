import type { ToolCall } from '#contract/message.ts'
import type { ToolDefinition } from '#contract/tool.ts'
import type { CallRow } from '#store/log.ts'
import type { OpenCall } from '#store/run-calls.ts'
import type { ActiveRun } from './active-run.ts'
import { hashCall } from './call-arguments.ts'
import { cancelledEnd, unknownEnd } from './call-end.ts'
import { firstNext, type HookVerdict, type NextForCall, nextAgain } from './next-for-call.ts'
import type { Rules } from './permissions.ts'
import type { RunTool, RunTools } from './run-tool.ts'

export type PlannedCall = {
  row: CallRow
  call: ToolCall
  tool: RunTool | undefined
  next: NextForCall
}

/** Decides about the calls of an answer that has just come. */
export function planCalls(
  run: ActiveRun,
  {
    messageId,
    toolCalls,
    tools,
    nextId,
    isUnknown,
    rules,
  }: {
    messageId: string
    toolCalls: ToolCall[]
    tools: RunTools
    nextId: () => string
    /** Whether an equal call has an unknown outcome. */
    isUnknown: (argsHash: string) => boolean
    rules: Rules
  },
): PlannedCall[] {
  return toolCalls.map((call, ordinal) => {
    const tool = tools.get(call.function.name)
    const row = toRow(run, { call, tool, id: nextId(), messageId, ordinal })
    const decision = { call, tool, tools, isUnknown: isUnknown(row.argsHash), rules }
    return { row, call, tool, next: firstNext(run, decision) }
  })
}

/** Decides again about calls that a crash, a decision or a restart left open. */
export function replanCalls(
  run: ActiveRun,
  {
    calls,
    tools,
    unknown,
    rules,
    verdicts = new Map(),
  }: {
    calls: OpenCall[]
    tools: RunTools
    /** Hashes of calls whose outcome is unknown. */
    unknown: ReadonlySet<string>
    rules: Rules
    /** By the id of the call. */
    verdicts?: ReadonlyMap<string, HookVerdict>
  },
): PlannedCall[] {
  const uncertain = new Set(unknown)
  // What was cut off may be the same call as one that has not begun.
  const inOrder = calls.toSorted((a, b) => Number(isHeld(a)) - Number(isHeld(b)))
  const planned = inOrder.map((open) => {
    const tool = tools.get(open.tool)
    const verdict = verdicts.get(open.id)
    const row: CallRow = {
      id: open.id,
      sessionId: run.sessionId,
      runId: run.id,
      messageId: open.messageId,
      ordinal: open.ordinal,
      callId: open.callId,
      tool: open.tool,
      arguments: open.approvalArguments ?? open.arguments,
      argsHash: open.argsHash,
      definition: open.definition ? JSON.stringify(open.definition) : null,
      executor: open.executor,
      effect: open.effect,
      state: open.state as CallRow['state'],
      result: open.result ? JSON.stringify(open.result) : null,
    }
    if (open.state === 'proposed' && verdict?.input) row.arguments = JSON.stringify(verdict.input)
    if (row.arguments !== open.arguments) row.argsHash = hashCall(open.tool, row.arguments, tool)
    const call: ToolCall = {
      id: open.callId,
      type: 'function',
      function: { name: open.tool, arguments: row.arguments },
    }
    const isUnknown = uncertain.has(row.argsHash)
    const next = nextAgain(run, { open, call, tool, tools, rules, isUnknown, verdict })
    if (isLost(next)) uncertain.add(row.argsHash)
    return { row, call, tool, next }
  })
  return planned.toSorted((a, b) => a.row.ordinal - b.row.ordinal)
}

/** Nobody knows what became of it. */
function isLost(next: NextForCall): boolean {
  if (next.type === 'ended') return next.end.state === 'unknown'
  if (next.type !== 'wait') return false
  return next.kind === 'outcome' || (next.kind === 'elicitation' && next.about === 'outcome')
}

/** It has not begun: hooks are asked first, or the budget doesn't allow it yet. */
function isHeld({ state }: OpenCall): boolean {
  return state === 'proposed'
}

/** What every open call of a run that is closed ends with. */
export function planClosing(run: ActiveRun, calls: OpenCall[]): PlannedCall[] {
  const planned = replanCalls(run, {
    calls,
    tools: new Map(),
    unknown: new Set(),
    rules: closedRules,
  })
  for (const plan of planned) {
    if (plan.next.type === 'ended' && plan.next.told) continue
    // The tool had ended; only its hooks were still being told.
    if (plan.row.state === 'started' && plan.row.result !== null) continue
    // What a dead process had begun is not known to be cancelled.
    const begun = plan.row.state === 'started' && plan.row.effect === 'once'
    const uncertain = begun && (run.recovered || isLost(plan.next))
    const end = uncertain ? unknownEnd : cancelledEnd
    plan.next = { type: 'ended', end, told: false }
  }
  return planned
}

const closedRules: Rules = {
  session: {},
  agent: {},
  server: {},
  toolsApproved: false,
  allowedTools: [],
}

/** The definition as it was announced, also for a tool that is not there any more. */
export function definitionOf({ tool, row }: PlannedCall): ToolDefinition {
  if (tool) return tool.definition
  if (row.definition) return JSON.parse(row.definition)
  return { name: row.tool, description: '', parameters: {}, annotations: {}, effect: 'once' }
}

function toRow(
  run: ActiveRun,
  {
    call,
    tool,
    id,
    messageId,
    ordinal,
  }: { call: ToolCall; tool: RunTool | undefined; id: string; messageId: string; ordinal: number },
): CallRow {
  return {
    id,
    sessionId: run.sessionId,
    runId: run.id,
    messageId,
    ordinal,
    callId: call.id,
    tool: call.function.name,
    arguments: call.function.arguments,
    argsHash: hashCall(call.function.name, call.function.arguments, tool),
    definition: tool ? JSON.stringify(tool.definition) : null,
    executor: tool?.executor ?? 'server',
    effect: tool?.definition.effect ?? 'once',
    state: 'proposed',
    result: null,
  }
}
