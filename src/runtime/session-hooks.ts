import { type ActiveRun, commitRun, toolSessionOf } from './active-run.ts'
import type { LoopContext } from './context.ts'
import { warningsOf } from './hook-warnings.ts'
import type { Outcome } from './outcome.ts'
import { leaveStep } from './turn.ts'

/**
 * Before an agent's first step in a session its `session_start` hooks are asked, once: what they
 * give for the prompt is kept with the session, so that every later step, also in another process,
 * is told the same.
 */
export async function startSession(context: LoopContext, run: ActiveRun): Promise<void> {
  const { hooks, name } = run.assistant
  if (!hooks.has('session_start') || isKnown(run)) return
  const place = { sessionId: run.sessionId, agentName: name }
  const kept = await context.rows.sessionContext(place)
  if (kept !== null) {
    run.sessionContext = { ...place, text: kept }
    return
  }
  const event = { name: 'session_start' as const, source: 'startup' as const }
  const answer = await hooks.ask(event, toolSessionOf(run), run.signal)
  const refused =
    answer.decision === 'deny'
      ? ['A session_start hook wants to stop the session, which only a pre_tool_use hook can']
      : []
  const warnings = warningsOf(run, { ...answer, failures: [...answer.failures, ...refused] })
  if (warnings.length > 0) await leaveStep(run)
  // Those that failed are asked again when the session is taken up the next time.
  const contexts = answer.failures.length > 0 ? [] : [{ ...place, text: answer.context }]
  await commitRun(run, warnings, { contexts })
  run.sessionContext = { ...place, text: answer.context }
}

/** What the hooks of the run's agent gave for its prompt; '' for nothing. */
export function sessionContextOf(run: ActiveRun): string {
  return isKnown(run) ? (run.sessionContext?.text ?? '') : ''
}

/** A sub-agent's run begins as a copy of its parent's, and a hand-off changes the agent. */
function isKnown({ sessionContext, sessionId, assistant }: ActiveRun): boolean {
  return sessionContext?.sessionId === sessionId && sessionContext.agentName === assistant.name
}

/** Tells the hooks that a run is over, or that it waits for a person. */
export function tellOutcome(context: LoopContext, run: ActiveRun, outcome: Outcome): void {
  if (outcome.type === 'finished') {
    context.tellHooks(run, { name: 'session_end', reason: outcome.reason })
    return
  }
  const { kind } = outcome.waitingFor
  if (kind !== 'client_tool') context.tellHooks(run, { name: 'on_user_input', reason: kind })
}
