import { createHash } from 'node:crypto'
import type { ToolCall } from '#contract/message.ts'
import type { FinalToolCallState, ToolDefinition, ToolResult } from '#contract/tool.ts'
import type { CallRow } from '#store/log.ts'
import type { OpenCall } from '#store/run-calls.ts'
import type { ActiveRun } from './active-run.ts'
import { checkArguments } from './arguments.ts'
import type { Reached } from './budget.ts'
import { descriptionParameter } from './description-parameter.ts'
import type { Wait } from './outcome.ts'
import { decide, type Rules, type Verdict } from './permissions.ts'
import type { ElicitationAnswer, Tool, ToolContext, ToolOutcome } from './tool.ts'

/** What a call can come to inside the runtime: a transfer may park with its sub-agent. */
export type CallOutcome =
  | ToolOutcome
  | ({ type: 'parked' } & Wait)
  /** The conversation goes on with another agent of the file. */
  | { type: 'handoff'; agent: string; output: string }

export type RunTool = Omit<Tool, 'execute'> & {
  executor: 'server' | 'client'
  /** The model that goes on after it ran. */
  nextModel?: string
  /** The model is not shown it, for it calls it from scripts. */
  isHidden?: true
  /** Its arguments hold what the model says the call is for, which makes no difference to it. */
  isDescribed?: true
  /** Writes to the log while it runs, so it is waited for also when it is interrupted. */
  endsItself?: true
  execute(args: Record<string, unknown>, context: ToolContext): Promise<CallOutcome>
}

export type RunTools = Map<string, RunTool>

/** What the hooks of the agent say about a call; they were not asked when there is none. */
export type HookVerdict = {
  decision: 'allow' | 'ask' | 'deny' | null
  /** May be empty. */
  reason: string
  /** In place of the arguments; fits the tool's schema. */
  input: Record<string, unknown> | null
}

/** What the model is told it may call. */
export function shownTools(tools: RunTools): ToolDefinition[] {
  return [...tools.values()].filter((tool) => !tool.isHidden).map((tool) => tool.definition)
}

export type CallEnd = { state: FinalToolCallState; result: ToolResult }

/** What is to be done about a call now. */
export type NextForCall =
  /** It ended; `told` when its response is in the log already. */
  | { type: 'ended'; end: CallEnd; told: boolean }
  | {
      type: 'start'
      args: Record<string, unknown>
      answer?: ElicitationAnswer
      /** The approval that this start uses up. */
      approvalId?: string
      /** Its `tool_call` is in the log already. */
      announced: boolean
    }
  /** `asked` when the question is in the log already. */
  | { type: 'wait'; kind: 'approval'; asked: boolean; expiresAt: string | null }
  | { type: 'wait'; kind: 'client_tool'; asked: boolean }
  /** It begins when somebody allows to spend more. */
  | { type: 'wait'; kind: 'budget'; reached: Reached }
  | {
      type: 'wait'
      kind: 'elicitation'
      elicitationId: string
      asked: true
      expiresAt: string | null
    }

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
    if (next.type === 'ended' && next.end.state === 'unknown') uncertain.add(row.argsHash)
    return { row, call, tool, next }
  })
  return planned.toSorted((a, b) => a.row.ordinal - b.row.ordinal)
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
    const uncertain = run.recovered && plan.row.state === 'started' && plan.row.effect === 'once'
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

/** Whether a call that is planned so is one more that begins. */
export function begins(next: NextForCall): boolean {
  if (next.type === 'start') return !next.announced
  return next.type === 'wait' && next.kind === 'client_tool' && !next.asked
}

/** Equal calls have equal hashes whatever the order of their arguments. */
export function hashCall(
  name: string,
  args: string,
  { isDescribed }: Pick<RunTool, 'isDescribed'> = {},
): string {
  const parsed = readArguments(args)
  if (isDescribed) delete parsed?.[descriptionParameter]
  const canonical = parsed === undefined ? args : JSON.stringify(sortKeys(parsed))
  return createHash('sha256').update(`${name}\n${canonical}`).digest('hex').slice(0, 32)
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

function firstNext(
  run: ActiveRun,
  {
    call,
    tool,
    tools,
    isUnknown,
    rules,
    verdict,
  }: {
    call: ToolCall
    tool: RunTool | undefined
    tools: RunTools
    isUnknown: boolean
    rules: Rules
    verdict?: HookVerdict | undefined
  },
): NextForCall {
  if (!tool) return ended('failed', unknownToolText(call.function.name, tools))
  const checked = checkCall(call, tool)
  if ('fault' in checked) return ended('failed', checked.fault)
  const decided = decide(tool, checked.args, rules)
  if (decided === 'deny') return ended('denied', deniedText(call.function.name))
  if (verdict?.decision === 'deny') return ended('denied', hookText(verdict.reason))
  if (tool.executor === 'client') {
    // Nobody is asked before the caller's own tools, so what has to be asked about does not go on.
    if (verdict?.decision === 'ask') return ended('denied', unaskedText(call.function.name))
    return { type: 'wait', kind: 'client_tool', asked: false }
  }
  if (mayRun(decided, verdict) && !isUnknown) {
    return { type: 'start', args: checked.args, announced: false }
  }
  if (run.options.on_ask === 'deny') return ended('denied', unaskedText(call.function.name))
  return { type: 'wait', kind: 'approval', asked: false, expiresAt: null }
}

function nextAgain(
  run: ActiveRun,
  {
    open,
    call,
    tool,
    tools,
    rules,
    isUnknown,
    verdict,
  }: {
    open: OpenCall
    call: ToolCall
    tool: RunTool | undefined
    tools: RunTools
    rules: Rules
    isUnknown: boolean
    verdict: HookVerdict | undefined
  },
): NextForCall {
  switch (open.state) {
    case 'proposed':
      return firstNext(run, { call, tool, tools, isUnknown, rules, verdict })
    case 'awaiting':
      return open.executor === 'client' ? nextOfClientCall(open) : nextOfAskedCall(open)
    case 'approved':
      return nextOfApprovedCall(open, { call, tool, rules, verdict })
    case 'started':
      return nextOfStartedCall(run, { open, call, tool })
    default:
      return {
        type: 'ended',
        end: { state: open.state as FinalToolCallState, result: open.result as ToolResult },
        told: true,
      }
  }
}

function nextOfClientCall(open: OpenCall): NextForCall {
  if (!open.result) return { type: 'wait', kind: 'client_tool', asked: true }
  const result = open.result as ToolResult
  return {
    type: 'ended',
    end: { state: result.is_error ? 'failed' : 'succeeded', result },
    told: false,
  }
}

function nextOfAskedCall(open: OpenCall): NextForCall {
  switch (open.approvalStatus) {
    case 'rejected':
      return ended('denied', rejectedText(open.approvalReason))
    case 'expired':
      return ended('expired', 'Nobody approved the call in time. Do not repeat it; go on without.')
    default:
      return { type: 'wait', kind: 'approval', asked: true, expiresAt: open.expiresAt }
  }
}

function nextOfApprovedCall(
  open: OpenCall,
  {
    call,
    tool,
    rules,
    verdict,
  }: {
    call: ToolCall
    tool: RunTool | undefined
    rules: Rules
    /** Where somebody approved other arguments than the hooks had seen. */
    verdict: HookVerdict | undefined
  },
): NextForCall {
  if (!tool) return ended('failed', `The tool ${open.tool} is not available any more.`)
  const checked = checkCall(call, tool)
  if ('fault' in checked) return ended('failed', checked.fault)
  if (decide(tool, checked.args, rules) === 'deny') return ended('denied', deniedText(open.tool))
  if (verdict?.decision === 'deny') return ended('denied', hookText(verdict.reason))
  // What was approved is what runs, or nothing.
  const argsHash = hashCall(open.tool, call.function.arguments, tool)
  if (verdict?.input && hashCall(open.tool, JSON.stringify(verdict.input), tool) !== argsHash) {
    return ended('denied', changedText(open.tool))
  }
  const used = open.approvalId ? { approvalId: open.approvalId } : {}
  return { type: 'start', args: checked.args, announced: false, ...used }
}

function nextOfStartedCall(
  run: ActiveRun,
  { open, call, tool }: { open: OpenCall; call: ToolCall; tool: RunTool | undefined },
): NextForCall {
  if (open.result) {
    const result = open.result as ToolResult
    const state = result.is_error ? 'failed' : 'succeeded'
    return { type: 'ended', end: { state, result }, told: false }
  }
  // A question that a dead process held open went with it.
  const answered = open.elicitationHeld ? null : open.elicitationStatus
  if (answered === 'pending' && open.elicitationId) {
    const { elicitationId, expiresAt } = open
    return { type: 'wait', kind: 'elicitation', elicitationId, asked: true, expiresAt }
  }
  if (!tool) return ended('failed', `The tool ${open.tool} is not available any more.`)
  // What a dead process was doing can be done again only when that is the same as once.
  const repeatable = tool.definition.effect !== 'once'
  const inTime = !run.recovered && answered !== null
  if (!repeatable && !inTime) return ended('unknown', unknownOutcomeText)
  const checked = checkCall(call, tool)
  if ('fault' in checked) return ended('failed', checked.fault)
  if (!answered) return { type: 'start', args: checked.args, announced: true }
  const answer: ElicitationAnswer = {
    action: answered === 'answered' ? (open.elicitationAction ?? 'cancel') : 'cancel',
    content: open.elicitationContent,
  }
  return { type: 'start', args: checked.args, answer, announced: true }
}

/** A hook decides where no rule denies: it may ask about what is allowed, and allow what asks. */
function mayRun(decided: Verdict, verdict: HookVerdict | undefined): boolean {
  switch (verdict?.decision) {
    case 'allow':
      return true
    case 'ask':
      return false
    default:
      return decided === 'run'
  }
}

function checkCall(
  call: ToolCall,
  tool: RunTool,
): { args: Record<string, unknown> } | { fault: string } {
  const args = readArguments(call.function.arguments)
  if (args === undefined)
    return { fault: 'The arguments are not a JSON object. Call again with one.' }
  const faults = checkArguments(tool.definition.parameters, args)
  if (faults.length === 0) return { args }
  return {
    fault: `The arguments do not fit the tool's schema; nothing ran:\n- ${faults.join('\n- ')}`,
  }
}

/** The arguments of a call; undefined when they are no JSON object. */
export function readArguments(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = text.trim() === '' ? {} : JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(value[key])]),
  )
}

function ended(state: FinalToolCallState, output: string): NextForCall {
  return { type: 'ended', end: { state, result: { output, is_error: true } }, told: false }
}

const unknownOutcomeText =
  'The outcome is unknown: the server stopped while the call ran. Verify what happened before you repeat it.'

const unknownEnd: CallEnd = {
  state: 'unknown',
  result: { output: unknownOutcomeText, is_error: true },
}

export const cancelledEnd: CallEnd = {
  state: 'cancelled',
  result: { output: 'The run was cancelled.', is_error: true },
}

function unknownToolText(name: string, tools: RunTools): string {
  return `There is no tool ${name}. The tools are: ${
    shownTools(tools)
      .map((tool) => tool.name)
      .join(', ') || 'none'
  }.`
}

function deniedText(name: string): string {
  return `The rules of this session deny this call of ${name}. Do not repeat it; go on without.`
}

function hookText(reason: string): string {
  const why = reason === '' ? 'it gives no reason' : reason
  return `A hook of the agent denies this call: ${why}`
}

function changedText(name: string): string {
  return `A hook of the agent changes what was approved for ${name}; nothing ran. Call it again.`
}

function unaskedText(name: string): string {
  return `${name} needs an approval and nobody can be asked here. Do not repeat it; go on without.`
}

function rejectedText(reason: string | null): string {
  return reason ? `The user rejected the call: ${reason}` : 'The user rejected the call.'
}
