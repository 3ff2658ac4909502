import type { EventBody } from '#contract/event.ts'
import type { NewElicitation } from '#store/log.ts'
import { type ActiveRun, commitRun } from './active-run.ts'
import type { PlannedCall } from './call-plan.ts'
import type { LoopContext } from './context.ts'
import type { ElicitationRequest } from './tool.ts'

/** Asks what a tool wants to know; committed when it returns. */
export async function askUser(
  context: LoopContext,
  run: ActiveRun,
  plan: PlannedCall,
  request: ElicitationRequest & { held?: boolean },
): Promise<NewElicitation> {
  const { elicitation, event } = newQuestion(context, run, plan, request)
  await commitRun(run, [event], { elicitations: [elicitation] })
  return elicitation
}

/** A question and its event, to be committed. */
export function newQuestion(
  context: LoopContext,
  run: ActiveRun,
  { row }: PlannedCall,
  { held = false, ...request }: ElicitationRequest & { held?: boolean },
): { elicitation: NewElicitation; event: EventBody } {
  const elicitation: NewElicitation = {
    id: context.nextId('eli'),
    sessionId: run.sessionId,
    runId: run.id,
    toolCallId: row.id,
    message: request.message,
    mode: request.mode,
    schema: request.schema ? JSON.stringify(request.schema) : null,
    url: request.url ?? null,
    held,
    about: 'call',
    expiresAt: questionExpiry(context),
  }
  const event: EventBody = {
    type: 'elicitation_request',
    elicitation_id: elicitation.id,
    message: request.message,
    mode: request.mode,
    ...(request.schema ? { schema: request.schema } : {}),
    ...(request.url ? { url: request.url } : {}),
    expires_at: elicitation.expiresAt,
  }
  return { elicitation, event }
}

/** When a question that is asked now is not waited for any more. */
export function questionExpiry(context: LoopContext): string {
  return new Date(context.clock.now() + context.questionLifetime).toISOString()
}
