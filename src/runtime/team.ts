import type { Message } from '#contract/message.ts'
import type { RunOptions } from '#contract/run.ts'
import type { ActiveRun } from './active-run.ts'
import type { LoopContext } from './context.ts'

/** What one agent asks of another. */
export type Task = { agent: string; task: string; expectedOutput?: string }

/** The message that an agent begins its task with. */
export function taskMessage(
  { nextId, clock }: Pick<LoopContext, 'nextId' | 'clock'>,
  { task, expectedOutput }: Task,
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
export function taskTitle({ task }: Task): string {
  const line = task.replace(/\s+/g, ' ').trim()
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}

/** What holds for a run holds for the agents that work for it. */
export function inheritedOptions({ options: { on_ask } }: ActiveRun): RunOptions {
  return on_ask === undefined ? {} : { on_ask }
}

/** Told to an agent that may not pass its task on. */
export function tooDeep(deepest: number): string {
  return `A task can be passed on ${deepest} times at most, and this one has been: do it yourself with the tools that you have.`
}
