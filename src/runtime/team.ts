import type { Budget } from '#contract/budget.ts'
import type { Message } from '#contract/message.ts'
import type { RunOptions } from '#contract/run.ts'
import type { SessionSettings } from '#store/log.ts'
import type { ActiveRun } from './active-run.ts'
import type { Assistant, Assistants } from './assistant.ts'
import { limits, spentOf } from './budget.ts'
import type { LoopContext } from './context.ts'
import { runsAbove, spendingOf } from './spending.ts'
import type { AgentTask } from './tool.ts'

/** The agent that the team calls so, ready for a task. */
export function memberOf(
  assistants: Pick<Assistants, 'get'>,
  { roster, snapshot }: Assistant,
  name: string,
): Assistant {
  const member = roster.find((each) => each.name === name)
  return assistants.get(member?.snapshot ?? snapshot, member?.agentName ?? name)
}

/** The message that an agent begins its task with. */
export function taskMessage(
  { nextId, clock }: Pick<LoopContext, 'nextId' | 'clock'>,
  { task, expectedOutput }: AgentTask,
): Message {
  const expected = expectedOutput
    ? `\n\n<expected_output>\n${expectedOutput}\n</expected_output>`
    : ''
  return {
    id: nextId('msg'),
    parent_id: null,
    role: 'user',
    agent_name: null,
    status: 'complete',
    content: `<task>\n${task}\n</task>${expected}`,
    implicit: true,
    created_at: clock.isoNow(),
  }
}

/** The name of the session that the task is done in. */
export function taskTitle({ task }: AgentTask): string {
  const line = task.replace(/\s+/g, ' ').trim()
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}

/** What holds for a run holds for the agents that work for it. */
export function inheritedOptions({ options }: ActiveRun): RunOptions {
  const { on_ask, on_elicitation, on_unknown } = options
  return {
    ...(on_ask && { on_ask }),
    ...(on_elicitation && { on_elicitation }),
    ...(on_unknown && { on_unknown }),
  }
}

/** What the files of these agents deny, which holds for agents of other files below them, too. */
export function denialsOf(runs: Pick<ActiveRun, 'assistant'>[]): string[] {
  return runs.flatMap(({ assistant }) => assistant.snapshot.file.permissions?.deny ?? [])
}

/**
 * What an agent begins with in the background. The rules of its own file hold anyway; what other
 * files above it deny has to be passed on.
 */
export function passedSettings(run: ActiveRun, { snapshot }: Assistant): SessionSettings {
  const { permissions } = run.settings
  const above = [run, ...runsAbove(run)].filter(
    ({ assistant }) => assistant.snapshot.name !== snapshot.name,
  )
  const denials = denialsOf(above)
  if (denials.length === 0) return run.settings
  const deny = [...new Set([...(permissions.deny ?? []), ...denials])]
  return { ...run.settings, permissions: { ...permissions, deny } }
}

/**
 * What a run may spend that works beside this one: what is left to it and to those that it works
 * for. Throws an Error when that is nothing.
 */
export function remainingBudget(run: ActiveRun): Budget {
  const left: Budget = {}
  for (const account of [run, ...runsAbove(run)]) {
    const spending = spendingOf(account)
    for (const limit of limits) {
      const allowed = account.budget.limits[limit]
      if (allowed === undefined) continue
      left[limit] = Math.min(left[limit] ?? allowed, allowed - spentOf(spending, limit))
    }
  }
  const spent = limits.find((limit) => (left[limit] ?? 1) <= 0)
  if (spent) throw new Error(`The budget of this run leaves no ${spent} for another agent.`)
  return left
}

/** Told to an agent that may not pass its task on. */
export function tooDeep(deepest: number): string {
  return `A task can be passed on ${deepest} times at most, and this one has been: do it yourself with the tools that you have.`
}
