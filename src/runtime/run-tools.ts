import type { ClientTool } from '#contract/tool.ts'
import { type ActiveRun, toolSessionOf } from './active-run.ts'
import type { AssistantTool } from './agent-toolset.ts'
import { wrapInScript } from './code-mode.ts'
import type { LoopContext } from './context.ts'
import { revealTools } from './deferred-tools.ts'
import { withDescriptionParameter } from './description-parameter.ts'
import { createHandoffTool } from './handoff.ts'
import type { Outcome } from './outcome.ts'
import type { RunTool, RunTools } from './run-tool.ts'
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
  const offered = offer(context, run, shown)
  for (const tool of offered.tools) all.set(tool.definition.name, tool)
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
  return { tools: all, warnings: [...warnings, ...offered.warnings] }
}

/** The tools of the agent's own toolsets, in the form that its file asks for. */
function offer(
  context: LoopContext,
  run: ActiveRun,
  tools: AssistantTool[],
): { tools: RunTool[]; warnings: string[] } {
  const { code_mode_tools = false, add_description_parameter = false } = run.assistant.spec
  const { runScript } = context
  const isWrapped = code_mode_tools && runScript !== null
  const { direct, hidden, script } = isWrapped
    ? wrapInScript(context, run, { tools, runScript })
    : { direct: tools, hidden: [], script: null }
  const all: RunTool[] = [
    ...(script ? [script] : []),
    ...direct.map((tool) => ({ ...tool, executor: 'server' as const })),
    ...hidden.map((tool) => ({ ...tool, executor: 'server' as const, isHidden: true as const })),
  ]
  return {
    tools: add_description_parameter ? all.map(withDescriptionParameter) : all,
    warnings: code_mode_tools && runScript === null ? [noScripts] : [],
  }
}

const noScripts =
  'code_mode_tools runs scripts only when the server is started with --enable-code; the tools are offered one by one.'

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
