import type { EventBody } from '#contract/event.ts'
import type { ToolDefinition, ToolResult } from '#contract/tool.ts'
import type { Wait } from './outcome.ts'
import type { Tool, ToolContext, ToolOutcome } from './tool.ts'

/** What a call can come to inside the runtime: a transfer may park with its sub-agent. */
export type CallOutcome =
  | ToolOutcome
  | ({ type: 'parked' } & Wait)
  /** A sub-agent's run is over. The events say so and are committed with the end of the call. */
  | { type: 'transferred'; result: ToolResult; events: EventBody[] }
  /** The conversation goes on with another agent of the file. */
  | { type: 'handoff'; agent: string; output: string }

export type RunTool = Omit<Tool, 'execute'> & {
  executor: 'server' | 'client'
  /** The model that goes on after it ran. */
  nextModel?: string
  /** The model is not shown it, for it calls it from scripts. */
  isHidden?: true
  /** Its arguments hold what the model says the call is for, which makes no difference to it. */
  isDescribed?: true
  /** Writes to the log while it runs, so it is waited for also when it is interrupted. */
  endsItself?: true
  execute(args: Record<string, unknown>, context: ToolContext): Promise<CallOutcome>
}

export type RunTools = Map<string, RunTool>

/** What the model is told it may call. */
export function shownTools(tools: RunTools): ToolDefinition[] {
  return [...tools.values()].filter((tool) => !tool.isHidden).map((tool) => tool.definition)
}
