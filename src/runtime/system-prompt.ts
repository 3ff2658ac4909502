import { type ActiveRun, toolSessionOf } from './active-run.ts'
import type { LoopContext } from './context.ts'
import { sessionContextOf } from './session-hooks.ts'

/** What the agent is told in its next step, before the conversation. */
export async function systemPromptOf(context: LoopContext, run: ActiveRun): Promise<string> {
  const now = new Date(context.clock.now())
  const sections = [
    await run.assistant.systemPrompt(toolSessionOf(run), now),
    sessionContextOf(run),
    run.plan?.text ? `Your plan for this task:\n${run.plan.text}` : '',
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}
