import type { EventBody } from '#contract/event.ts'
import type { CallRow, NewApproval, NewElicitation } from '#store/log.ts'
import type { ActiveRun } from './active-run.ts'
import { newQuestion, questionExpiry } from './ask-user.ts'
import { toEndedRow, toResponse } from './call-end.ts'
import { definitionOf, type PlannedCall } from './call-plan.ts'
import type { LoopContext } from './context.ts'
import { begins } from './next-for-call.ts'
import { type Charges, chargeCalls } from './spending.ts'
import { outcomeQuestion } from './unknown-outcome.ts'

/** What starting a batch writes, to be committed with whatever belongs to the same step. */
export type Announcement = {
  events: EventBody[]
  calls: CallRow[]
  approvals: NewApproval[]
  elicitations: NewElicitation[]
  consumed: string[]
  expired: string[]
} & Charges

/**
 * The intent: commits before anything runs. Gives each call its next state; what has already
 * ended or was already asked adds nothing.
 */
export function announceCalls(
  context: LoopContext,
  run: ActiveRun,
  planned: PlannedCall[],
): Announcement {
  const announcement: Announcement = {
    events: [],
    calls: [],
    approvals: [],
    elicitations: [],
    consumed: [],
    expired: [],
    ...chargeCalls(run, planned.filter(({ next }) => begins(next)).length),
  }
  for (const plan of planned) announceCall(context, run, plan, announcement)
  return announcement
}

function announceCall(
  context: LoopContext,
  run: ActiveRun,
  plan: PlannedCall,
  into: Announcement,
): void {
  const { next, row, call } = plan
  const definition = definitionOf(plan)
  switch (next.type) {
    case 'ended':
      if (next.told) return
      into.events.push(toResponse(plan, next.end, 0))
      into.calls.push(toEndedRow(row, next.end))
      if (next.end.state === 'expired') into.expired.push(row.id)
      next.told = true
      return
    case 'start':
      if (next.again) {
        into.calls.push({ ...row })
        into.consumed.push(next.again)
      }
      if (next.announced) return
      into.events.push({
        type: 'tool_call',
        tool_call: call,
        tool_definition: definition,
        executor: 'server',
      })
      row.state = 'started'
      into.calls.push({ ...row })
      if (next.approvalId) into.consumed.push(next.approvalId)
      next.announced = true
      return
    case 'wait': {
      if (next.kind === 'budget') {
        into.calls.push({ ...row })
        return
      }
      if (next.kind === 'outcome') {
        const { elicitation, event } = newQuestion(context, run, plan, outcomeQuestion(row.tool))
        into.calls.push({ ...row })
        into.elicitations.push({ ...elicitation, about: 'outcome' })
        into.events.push(event)
        const { id: elicitationId, expiresAt } = elicitation
        const asked = { about: 'outcome', asked: true, elicitationId, expiresAt } as const
        plan.next = { type: 'wait', kind: 'elicitation', ...asked }
        return
      }
      if (next.asked) return
      row.state = 'awaiting'
      into.calls.push({ ...row })
      next.asked = true
      if (next.kind === 'client_tool') {
        into.events.push({
          type: 'tool_call',
          tool_call: call,
          tool_definition: definition,
          executor: 'client',
        })
        return
      }
      const approval: NewApproval = {
        id: context.nextId('apr'),
        sessionId: run.sessionId,
        runId: run.id,
        toolCallId: row.id,
        argsHash: row.argsHash,
        expiresAt: questionExpiry(context),
      }
      next.expiresAt = approval.expiresAt
      into.approvals.push(approval)
      into.events.push({
        type: 'tool_call_confirmation',
        tool_call: call,
        tool_definition: definition,
        approval_id: approval.id,
        expires_at: approval.expiresAt,
      })
    }
  }
}
