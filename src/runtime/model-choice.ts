import type { ActiveRun } from './active-run.ts'
import type { RunTools } from './run-tool.ts'

/**
 * The reference of the model that takes the next step; undefined: the agent's own. What a toolset
 * wants after its tool ran counts for one step, then what the agent picked, then what the caller
 * asked for.
 */
export function chooseModel(run: ActiveRun, tools: RunTools): string | undefined {
  return modelAfterTools(run, tools) ?? pickedModel(run) ?? run.options.model
}

/** Counts only while the agent's file still offers it: the session may go on with another agent. */
export function pickedModel({
  picked,
  assistant,
}: Pick<ActiveRun, 'picked' | 'assistant'>): string | undefined {
  return picked !== null && assistant.pickable.includes(picked) ? picked : undefined
}

/** What the last toolset that names a model wants, of the calls that were answered just now. */
function modelAfterTools({ history }: ActiveRun, tools: RunTools): string | undefined {
  if (history.at(-1)?.role !== 'tool') return undefined
  const asked = history.findLast((message) => message.role === 'assistant')
  const wanted = asked?.tool_calls?.map((call) => tools.get(call.function.name)?.nextModel)
  return wanted?.findLast((model) => model !== undefined)
}
