import type { EventBody } from '#contract/event.ts'
import type { ToolResult } from '#contract/tool.ts'
import type { CallRow } from '#store/log.ts'
import type { OpenCall } from '#store/run-calls.ts'
import { type ActiveRun, commitRun, toolSessionOf } from './active-run.ts'
import { checkArguments } from './arguments.ts'
import { readArguments } from './call-arguments.ts'
import type { CallEnd } from './call-end.ts'
import type { PlannedCall } from './call-plan.ts'
import { warningsOf } from './hook-warnings.ts'
import { inParallel } from './in-parallel.ts'
import type { HookVerdict } from './next-for-call.ts'
import type { RunTools } from './run-tool.ts'
import { cutToBytes, toldLimit } from './text.ts'

/** Bytes that a cut takes to say so. */
const cutNote = 100
/** Calls whose hooks are asked at the same time. */
const parallel = 8

/** Whether hooks have to be asked before one of the calls of a new answer may start. */
export function awaitsHooks({ assistant }: ActiveRun, planned: PlannedCall[]): boolean {
  return planned.some(
    ({ call, next }) =>
      next.type !== 'ended' && assistant.hooks.has('pre_tool_use', call.function.name),
  )
}

/**
 * Asks the `pre_tool_use` hooks about calls that nothing was decided about yet, and about those that
 * were approved with other arguments than the hooks had seen. A hook that gives no answer asks: who
 * guards must not be passed by.
 */
export async function askBeforeCalls(
  run: ActiveRun,
  { calls, tools }: { calls: OpenCall[]; tools: RunTools },
): Promise<{ verdicts: Map<string, HookVerdict>; warnings: EventBody[] }> {
  const verdicts = new Map<string, HookVerdict>()
  const warnings: EventBody[] = []
  const { hooks } = run.assistant
  const asked = calls.filter((call) => isNews(call) && hooks.has('pre_tool_use', call.tool))
  await inParallel(asked, parallel, async (call) => {
    const definition = tools.get(call.tool)?.definition
    const input = readArguments(call.approvalArguments ?? call.arguments)
    // Such a call fails without a hook.
    if (!definition || !input || checkArguments(definition.parameters, input).length > 0) return
    const event = { name: 'pre_tool_use' as const, tool: call.tool, callId: call.callId, input }
    const answer = await hooks.ask(event, toolSessionOf(run), run.signal)
    const faults = answer.input ? checkArguments(definition.parameters, answer.input) : []
    const failures = [
      ...answer.failures,
      ...(faults.length > 0
        ? [`A hook changed a call of ${call.tool} wrongly: ${faults.join('; ')}`]
        : []),
    ]
    warnings.push(...warningsOf(run, { ...answer, failures }))
    const decision = stricter(answer.decision, failures.length > 0 ? 'ask' : null)
    if (decision === 'ask' && answer.reason !== '') {
      const message = `A hook wants somebody to approve ${call.tool}: ${answer.reason}`
      warnings.push({ type: 'warning', message, code: 'hook_asks' })
    }
    verdicts.set(call.id, {
      decision,
      reason: answer.reason,
      input: faults.length > 0 ? null : answer.input,
    })
  })
  return { verdicts, warnings }
}

function isNews({ state, approvalArguments }: OpenCall): boolean {
  return state === 'proposed' || (state === 'approved' && approvalArguments !== null)
}

function stricter(
  decision: HookVerdict['decision'],
  least: HookVerdict['decision'],
): HookVerdict['decision'] {
  return decision === 'deny' || least === null ? decision : least
}

/** States in which a call has run to an end of its own. */
const ran = new Set<string>(['succeeded', 'failed', 'timed_out'])

/**
 * Tells the `post_tool_use` hooks how a call ended; answers the end with what they add for the
 * model. What has happened is kept first, so that a crash of this process does not make it unknown.
 */
export async function tellAfterCall(run: ActiveRun, row: CallRow, end: CallEnd): Promise<CallEnd> {
  if (!run.assistant.hooks.has('post_tool_use', row.tool) || !ran.has(end.state)) return end
  if (row.effect === 'once') {
    await commitRun(run, [], { calls: [{ ...row, result: JSON.stringify(end.result) }] })
  }
  return { ...end, result: await addHooksContext(run, row, end.result) }
}

/** The same for calls whose result is known and was not told: of a dead process, or of the caller. */
export function tellAfterReload(run: ActiveRun, calls: OpenCall[]): Promise<void> {
  const untold = calls.filter(
    ({ state, executor, result }) =>
      result !== null && (state === 'started' || (state === 'awaiting' && executor === 'client')),
  )
  return inParallel(untold, parallel, async (call) => {
    call.result = await addHooksContext(run, call, toResult(call))
  })
}

/** What `tool_calls.result` holds. */
function toResult({ result }: OpenCall): ToolResult {
  return result as ToolResult
}

async function addHooksContext(
  run: ActiveRun,
  { tool, callId, arguments: args }: Pick<CallRow, 'tool' | 'callId' | 'arguments'>,
  response: ToolResult,
): Promise<ToolResult> {
  const { hooks } = run.assistant
  if (!hooks.has('post_tool_use', tool)) return response
  const input = readArguments(args) ?? {}
  const event = { name: 'post_tool_use' as const, tool, callId, input, response }
  const answer = await hooks.ask(event, toolSessionOf(run), run.signal)
  const warnings = warningsOf(run, answer)
  if (warnings.length > 0) await commitRun(run, warnings)
  const blocked = answer.decision === 'deny' ? `A hook objects: ${answer.reason}` : ''
  const added = [answer.context, blocked].filter((text) => text !== '').join('\n\n')
  if (added === '') return response
  // What is added stands at the end, so the rest has to leave room.
  const room = toldLimit - Buffer.byteLength(added) - cutNote
  return { ...response, output: `${cutToBytes(response.output, room)}\n\n${added}` }
}
