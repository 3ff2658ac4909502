import { type ActiveRun, toolSessionOf } from './active-run.ts'
import type { LoopContext } from './context.ts'

/** What the agent is told in its next step, before the conversation. */
export async function systemPromptOf(context: LoopContext, run: ActiveRun): Promise<string> {
  const now = new Date(context.clock.now())
  const system = await run.assistant.systemPrompt(toolSessionOf(run), now)
  if (!run.plan?.text) return system
  return `${system}${system ? '\n\n' : ''}Your plan for this task:\n${run.plan.text}`
}
