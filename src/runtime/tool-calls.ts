import type { EventBody } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import { noUsage } from '#contract/usage.ts'
import type { CallRow } from '#store/log.ts'
import { type ActiveRun, commitRun, subjectOf, toolSessionOf, toRunChange } from './active-run.ts'
import { announceCalls } from './announce-calls.ts'
import { askUser } from './ask-user.ts'
import { waitFor } from './budget.ts'
import { type CallEnd, cancelledEnd, toEndedRow, toResponse, toToldText } from './call-end.ts'
import { tellAfterCall } from './call-hooks.ts'
import type { PlannedCall } from './call-plan.ts'
import type { LoopContext } from './context.ts'
import { executeCall } from './execute-call.ts'
import { inParallel } from './in-parallel.ts'
import type { NextForCall } from './next-for-call.ts'
import type { Wait } from './outcome.ts'
import { decide } from './permissions.ts'
import type { ElicitationAnswer, ToolContext } from './tool.ts'

/** Calls of one answer that run at the same time. */
const parallel = 8

/**
 * Runs what may run, in parallel, each end committed as it comes; then adds the results to the
 * transcript in the model's order. Answers what the run has to wait for, or null when every call
 * has its result; `next` is committed with the last of them.
 */
export async function settleCalls(
  context: LoopContext,
  run: ActiveRun,
  planned: PlannedCall[],
  next: (results: Message[]) => EventBody[],
): Promise<Wait | null> {
  const waits: Wait[] = planned.flatMap(waitOf)
  await refuseDenied(context, run, planned)
  const startable = planned.filter((plan) => plan.next.type === 'start')
  let running = startable.length
  // The last one to end commits the results with its own: one commit less for every step.
  const finish = async (
    plan: PlannedCall,
    end: CallEnd,
    { duration, heir, before = [] }: { duration: number; heir?: string; before?: EventBody[] },
  ) => {
    running -= 1
    plan.next = { type: 'ended', end, told: true }
    const last = running === 0 && waits.length === 0
    const results = last ? toResults(context, run, planned) : []
    const handover = heir === undefined ? null : handOver(context, run, heir)
    await commitRun(
      run,
      [
        ...before,
        toResponse(plan, end, duration),
        ...(handover?.events ?? []),
        ...results.map(toMessageAdded),
        ...(last && !handover ? next(results) : []),
      ],
      { calls: [toEndedRow(plan.row, end)], ...handover?.change },
    )
    if (handover) run.assistant = handover.assistant
  }
  await inParallel(startable, parallel, async (plan) => {
    const began = performance.now()
    const outcome = await execute(context, run, plan)
    const duration = Math.round(performance.now() - began)
    if (outcome.type === 'ended') {
      const end = await tellAfterCall(run, plan.row, outcome.end)
      return finish(plan, end, { duration, before: outcome.events })
    }
    if (outcome.type === 'handoff') {
      const end: CallEnd = {
        state: 'succeeded',
        result: { output: outcome.output, is_error: false },
      }
      return finish(plan, end, { duration, heir: outcome.agent })
    }
    if (outcome.type === 'elicit') {
      const { id, expiresAt } = await askUser(context, run, plan, outcome.request)
      waits.push({ waitingFor: { kind: 'elicitation', ids: [id] }, wakeAt: expiresAt })
    } else waits.push(outcome)
    running -= 1
  })
  if (waits.length > 0) return mergeWaits(waits)
  if (startable.length === 0) {
    const results = toResults(context, run, planned)
    await commitRun(run, [...results.map(toMessageAdded), ...next(results)])
  }
  return null
}

/** The run's and the session's rows name the heir in the commit that answers the call. */
function handOver(context: LoopContext, run: ActiveRun, heir: string) {
  const assistant = context.assistants.get(run.assistant.snapshot, heir)
  const event: EventBody = {
    type: 'agent_switching',
    switching: true,
    from_agent: run.assistant.name,
    to_agent: heir,
  }
  return {
    assistant,
    events: [event],
    change: {
      runs: [{ ...toRunChange(run), agentName: heir }],
      sessions: [{ id: run.sessionId, usage: noUsage, agentName: heir, title: null }],
    },
  }
}

/** Ends every open call of a run that is closed, and gives each its result. */
export function closeCalls(
  context: LoopContext,
  run: ActiveRun,
  planned: PlannedCall[],
): { events: EventBody[]; calls: CallRow[] } {
  const events: EventBody[] = []
  const calls: CallRow[] = []
  for (const plan of planned) {
    if (plan.next.type === 'ended' && plan.next.told) continue
    const end = plan.next.type === 'ended' ? plan.next.end : cancelledEnd
    plan.next = { type: 'ended', end, told: true }
    events.push(toResponse(plan, end, 0))
    calls.push(toEndedRow(plan.row, end))
  }
  return { events: [...events, ...toResults(context, run, planned).map(toMessageAdded)], calls }
}

/** The rules are read again when a call runs: what was denied meanwhile doesn't. */
async function refuseDenied(
  context: LoopContext,
  run: ActiveRun,
  planned: PlannedCall[],
): Promise<void> {
  const refused = planned.filter(({ next, tool }) => {
    if (next.type !== 'start' || !tool) return false
    return decide(tool, next.args, context.rulesOf(run)) === 'deny'
  })
  if (refused.length === 0) return
  const output = 'The rules of this session deny this call now. Do not repeat it.'
  const end: CallEnd = { state: 'denied', result: { output, is_error: true } }
  for (const plan of refused) plan.next = { type: 'ended', end, told: false }
  const { events, calls } = announceCalls(context, run, refused)
  await commitRun(run, events, { calls })
}

function waitOf({ next, row }: PlannedCall): Wait[] {
  if (next.type !== 'wait') return []
  if (next.kind === 'budget') return [waitFor(next.reached)]
  if (next.kind === 'outcome') throw new Error(`nobody was asked what became of ${row.id}`)
  const id = next.kind === 'elicitation' ? next.elicitationId : row.callId
  const wakeAt = next.kind === 'client_tool' ? null : next.expiresAt
  return [{ waitingFor: { kind: next.kind, ids: [id] }, wakeAt }]
}

const precedence = ['approval', 'elicitation', 'client_tool', 'max_iterations', 'budget'] as const

/** A run says one reason; the others come up when it is decided. It wakes at the first expiry. */
function mergeWaits(waits: Wait[]): Wait | null {
  const times = waits.flatMap((wait) => wait.wakeAt ?? [])
  const wakeAt = times.sort()[0] ?? null
  for (const kind of precedence) {
    const same = waits.filter((wait) => wait.waitingFor.kind === kind)
    const ids = same.flatMap((wait) => wait.waitingFor.ids)
    if (ids.length > 0) return { waitingFor: { kind, ids }, wakeAt }
  }
  return null
}

/** Where nobody is to be asked, a tool that wants to is told so at once. */
function execute(context: LoopContext, run: ActiveRun, plan: PlannedCall) {
  const { next, tool, row } = plan
  if (next.type !== 'start' || !tool) throw new Error(`call ${row.id} cannot start`)
  const { name, description } = tool.definition
  const observed = { id: row.id, callId: row.callId, name, description, args: next.args }
  const declines = run.options.on_elicitation === 'decline'
  const toolContext: ToolContext = {
    ...toolSessionOf(run),
    callId: row.id,
    providerCallId: row.callId,
    runId: run.id,
    signal: run.signal,
    progress(content) {
      void run.log.emit(subjectOf(run), {
        type: 'tool_call_output',
        tool_call_id: row.callId,
        content,
      })
    },
    async elicit(request) {
      if (declines) return declined
      const { id } = await askUser(context, run, plan, { ...request, held: true })
      return context.answers.wait(id, run.signal)
    },
    async setModel(reference) {
      const change = { usage: noUsage, agentName: null, title: null, picked: { model: reference } }
      await commitRun(run, [], { sessions: [{ id: run.sessionId, ...change }] })
      run.picked = reference
    },
    background: context.background(run, row.id),
    ...(next.answer ? { answer: next.answer } : {}),
  }
  return context.observer.tool(observed, async () => {
    const outcome = await executeCall(tool, next.args, toolContext)
    if (outcome.type !== 'elicit' || !declines) return outcome
    return executeCall(tool, next.args, { ...toolContext, answer: declined })
  })
}

const declined: ElicitationAnswer = { action: 'decline', content: null }

/** The tool messages of a batch that has ended, in the model's order, one after the other. */
function toResults(context: LoopContext, run: ActiveRun, planned: PlannedCall[]): Message[] {
  let parent = run.leaf
  return planned.map(({ next, row }) => {
    const end = endOf(next)
    const message: Message = {
      id: context.nextId('msg'),
      parent_id: parent,
      role: 'tool',
      agent_name: run.assistant.name,
      status: 'complete',
      content: toToldText(end.result),
      tool_call_id: row.callId,
      ...(end.result.is_error ? { is_error: true } : {}),
      created_at: context.clock.isoNow(),
    }
    parent = message.id
    return message
  })
}

function endOf(next: NextForCall): CallEnd {
  if (next.type !== 'ended') throw new Error('a call of the batch has not ended')
  return next.end
}

function toMessageAdded(message: Message): EventBody {
  return { type: 'message_added', message_id: message.id, message }
}
