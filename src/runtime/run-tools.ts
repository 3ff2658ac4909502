import type { ClientTool } from '#contract/tool.ts'
import { type ActiveRun, toolSessionOf } from './active-run.ts'
import type { RunTool, RunTools } from './call-plan.ts'
import type { LoopContext } from './context.ts'
import { revealTools } from './deferred-tools.ts'
import { createHandoffTool } from './handoff.ts'
import type { Outcome } from './outcome.ts'
import { createTransferTool } from './transfer.ts'

/** Everything that the agent may call in this step, by name. */
export async function gatherTools(
  context: LoopContext,
  run: ActiveRun,
  enter: (context: LoopContext, run: ActiveRun) => Promise<Outcome>,
): Promise<{ tools: RunTools; warnings: string[] }> {
  const { tools, warnings } = await run.assistant.tools(toolSessionOf(run))
  const all: RunTools = new Map()
  const { shown, search } = revealTools(tools, run.history)
  for (const tool of shown) all.set(tool.definition.name, { ...tool, executor: 'server' })
  if (search) all.set(search.definition.name, search)
  if (run.assistant.roster.length > 0) {
    const transfer = createTransferTool(context, run, enter)
    all.set(transfer.definition.name, transfer)
  }
  if (run.assistant.handoffs.length > 0 && run.depth === 0) {
    const handoff = createHandoffTool(run.assistant)
    all.set(handoff.definition.name, handoff)
  }
  // The caller's tools belong to the run that was asked for, not to its sub-agents.
  for (const tool of run.depth === 0 ? (run.options.tools ?? []) : []) {
    if (!all.has(tool.function.name)) all.set(tool.function.name, toClientTool(tool))
  }
  return { tools: all, warnings }
}

function toClientTool({ function: declared }: ClientTool): RunTool {
  return {
    executor: 'client',
    harmless: true,
    definition: {
      name: declared.name,
      description: declared.description ?? '',
      parameters: declared.parameters ?? { type: 'object', properties: {} },
      annotations: {},
      effect: 'once',
    },
    execute() {
      throw new Error(`${declared.name} is run by the caller`)
    },
  }
}
