import { addUsage } from '#contract/usage.ts'
import { type ActiveRun, commitRun, toRunChange } from './active-run.ts'
import type { LoopContext } from './context.ts'
import type { Model } from './model.ts'
import { type RunTools, shownTools } from './run-tool.ts'
import { askBeside } from './side-call.ts'
import { chargeUsage } from './spending.ts'
import { systemPromptOf } from './system-prompt.ts'
import { lastPart, toTranscript } from './transcript.ts'
import { leaveStep } from './turn.ts'

const request = `You plan the work of an assistant; you don't do the work yourself. From the conversation and the tools that the assistant has, write two parts:
1. Facts: what is given, what was found out so far, and what still has to be found out.
2. Plan: the steps that are left to the answer, numbered, each one thing to do, few of them.
Where there is a plan already, correct it by what has happened since. Write in the conversation's language. Answer with the two parts only.`

/** Whether a plan is due: before the first step and after every `planning_interval` steps. */
export function isPlanDue({ assistant, iterations, plan }: ActiveRun): boolean {
  const interval = assistant.spec.planning_interval
  if (interval === undefined || iterations % interval !== 0) return false
  return plan?.iterations !== iterations
}

/** Makes the plan, or makes it again. One that fails is told; the run goes on with what it has. */
export async function makePlan(
  context: LoopContext,
  run: ActiveRun,
  { model, tools }: { model: Model; tools: RunTools },
): Promise<void> {
  if (model.offline) return
  const former = run.plan?.text ?? ''
  const made = await askBeside(run, model, await questionOf(context, run, tools))
  await leaveStep(run)
  run.plan = { text: made?.text ?? former, iterations: run.iterations }
  if (made === null) {
    const message = 'No plan could be made; the agent goes on without a new one.'
    const warning = { type: 'warning' as const, message, code: 'plan_failed' }
    await commitRun(run, [warning], { runs: [toRunChange(run)] })
    return
  }
  run.usage = addUsage(run.usage, made.usage)
  run.totals.usage = addUsage(run.totals.usage, made.usage)
  await commitRun(run, [{ type: 'plan_updated', plan: made.text, updated: former !== '' }], {
    runs: [toRunChange(run)],
    ...chargeUsage(run, made.usage),
  })
}

async function questionOf(context: LoopContext, run: ActiveRun, tools: RunTools) {
  // The last plan is part of the instructions.
  const instructions = await systemPromptOf(context, run)
  const list = shownTools(tools).map(({ name, description }) => `- ${name}: ${description}`)
  const summary = run.compaction.summary?.text
  const transcript = toTranscript(run.history)
  return {
    system: request,
    content: (room: number) =>
      [
        section('instructions', instructions),
        section('tools', list.join('\n')),
        section('summary_so_far', summary ?? ''),
        section('conversation', lastPart(transcript, room)),
      ].join(''),
  }
}

function section(name: string, text: string): string {
  return text === '' ? '' : `<${name}>\n${text}\n</${name}>\n\n`
}
