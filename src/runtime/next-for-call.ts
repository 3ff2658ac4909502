import type { ToolCall } from '#contract/message.ts'
import type { FinalToolCallState, ToolResult } from '#contract/tool.ts'
import type { OpenCall } from '#store/run-calls.ts'
import type { ActiveRun } from './active-run.ts'
import type { Reached } from './budget.ts'
import { checkCall, hashCall } from './call-arguments.ts'
import { type CallEnd, unknownOutcomeText } from './call-end.ts'
import { decide, type Rules, type Verdict } from './permissions.ts'
import { type RunTool, type RunTools, shownTools } from './run-tool.ts'
import type { ElicitationAnswer } from './tool.ts'
import { asksForOutcome, endedAsSaid, saidOutcome } from './unknown-outcome.ts'

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
      /** The answer to run it again, which this start uses up. */
      again?: string
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
      about: 'call' | 'outcome'
      asked: true
      expiresAt: string | null
    }
  /** Its process died; somebody is to say what became of it. */
  | { type: 'wait'; kind: 'outcome' }

/** What the hooks of the agent say about a call; they were not asked when there is none. */
export type HookVerdict = {
  decision: 'allow' | 'ask' | 'deny' | null
  /** May be empty. */
  reason: string
  /** In place of the arguments; fits the tool's schema. */
  input: Record<string, unknown> | null
}

/** Whether a call that is planned so is one more that begins. */
export function begins(next: NextForCall): boolean {
  if (next.type === 'start') return !next.announced
  return next.type === 'wait' && next.kind === 'client_tool' && !next.asked
}

/** About a call that has not begun. */
export function firstNext(
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
  if (verdict?.decision === 'deny') return deniedByHook(hookText(verdict.reason))
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

/** About a call that a crash, a decision or a restart left open. */
export function nextAgain(
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
  if (verdict?.decision === 'deny') return deniedByHook(hookText(verdict.reason))
  // What was approved is what runs, or nothing.
  const argsHash = hashCall(open.tool, call.function.arguments, tool)
  if (verdict?.input && hashCall(open.tool, JSON.stringify(verdict.input), tool) !== argsHash) {
    return deniedByHook(changedText(open.tool))
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
  const about = open.elicitationAbout ?? 'call'
  if (answered === 'pending' && open.elicitationId) {
    const { elicitationId, expiresAt } = open
    return { type: 'wait', kind: 'elicitation', elicitationId, about, asked: true, expiresAt }
  }
  if (about === 'outcome') return nextOfLostCall(open, { call, tool })
  if (!tool) return ended('failed', `The tool ${open.tool} is not available any more.`)
  // What a dead process was doing can be done again only when that is the same as once.
  const repeatable = tool.definition.effect !== 'once'
  const inTime = !run.recovered && answered !== null
  if (!repeatable && !inTime) {
    if (asksForOutcome(run)) return { type: 'wait', kind: 'outcome' }
    return ended('unknown', unknownOutcomeText)
  }
  const checked = checkCall(call, tool)
  if ('fault' in checked) return ended('failed', checked.fault)
  if (!answered) return { type: 'start', args: checked.args, announced: true }
  const answer: ElicitationAnswer = {
    action: answered === 'answered' ? (open.elicitationAction ?? 'cancel') : 'cancel',
    content: open.elicitationContent,
  }
  return { type: 'start', args: checked.args, answer, announced: true }
}

/** About a call whose process died, and about which somebody was asked. */
function nextOfLostCall(
  open: OpenCall,
  { call, tool }: { call: ToolCall; tool: RunTool | undefined },
): NextForCall {
  // It was run again, and that process died, too.
  if (open.elicitationStatus === 'consumed') return { type: 'wait', kind: 'outcome' }
  const said = saidOutcome(open)
  if (!said) return ended('unknown', unknownOutcomeText)
  const { outcome, output } = said
  if (outcome !== 'run_again') {
    return { type: 'ended', end: endedAsSaid({ outcome, output }), told: false }
  }
  if (!tool) return ended('failed', `The tool ${open.tool} is not available any more.`)
  const checked = checkCall(call, tool)
  if ('fault' in checked) return ended('failed', checked.fault)
  const again = open.elicitationId ? { again: open.elicitationId } : {}
  return { type: 'start', args: checked.args, announced: true, ...again }
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

function ended(state: FinalToolCallState, output: string): NextForCall {
  return { type: 'ended', end: { state, result: { output, is_error: true } }, told: false }
}

function deniedByHook(output: string): NextForCall {
  const end: CallEnd = { state: 'denied', result: { output, is_error: true }, deniedBy: 'hook' }
  return { type: 'ended', end, told: false }
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
