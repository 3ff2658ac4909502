import type { ToolDefinition, ToolEffect } from '#contract/tool.ts'
import type { ActiveRun } from './active-run.ts'
import type { AssistantTool } from './agent-toolset.ts'
import type { LoopContext } from './context.ts'
import { mayAsk } from './permissions.ts'
import type { RunTool } from './run-tool.ts'
import { callFromScript, type ScriptCall } from './script-call.ts'
import { scriptFunctions, toFunctionDoc } from './script-functions.ts'
import { cutToBytes } from './text.ts'
import { type RunScript, type ToolContext, textResult } from './tool.ts'

/**
 * Puts tools behind one that runs a script in which they are functions. Beside it stay those that a
 * script cannot call, and those that may have to be approved: nobody can be asked in the middle of a
 * script, so such a call is refused there and the model makes it by itself.
 */
export function wrapInScript(
  context: LoopContext,
  run: ActiveRun,
  { tools, runScript }: { tools: AssistantTool[]; runScript: RunScript },
): { direct: AssistantTool[]; hidden: AssistantTool[]; script: RunTool | null } {
  const { functions, others } = scriptFunctions(tools, (tool) => isCallable(run, tool))
  if (functions.size === 0) return { direct: tools, hidden: [], script: null }
  const rules = context.rulesOf(run)
  const asking = [...functions.values()].filter((tool) => mayAsk(tool, rules))
  // A call that was made by itself goes on when the rules have changed meanwhile.
  const hidden = [...functions.values()].filter((tool) => !asking.includes(tool))
  const script = createScriptTool(context, run, { functions, asking, runScript })
  return { direct: [...others, ...asking], hidden, script }
}

/** Hooks and the model of the next step belong to calls that stand in the transcript. */
function isCallable({ assistant }: ActiveRun, tool: AssistantTool): boolean {
  const { name } = tool.definition
  const isHooked = (['pre_tool_use', 'post_tool_use'] as const).some((hook) =>
    assistant.hooks.has(hook, name),
  )
  return !tool.parks && tool.nextModel === undefined && !isHooked
}

const toolName = 'run_tools_with_javascript'
/** Milliseconds for a whole script; its calls have limits of their own. */
const timeout = 600_000
const mostCalls = 100
const longestScript = 100_000
/** Bytes of what a script printed that the model is told. */
const mostPrinted = 32 * 1024
const mostToldCalls = 50

function createScriptTool(
  context: LoopContext,
  run: ActiveRun,
  {
    functions,
    asking,
    runScript,
  }: { functions: Map<string, AssistantTool>; asking: AssistantTool[]; runScript: RunScript },
): RunTool {
  const definitions = [...functions.values()].map((tool) => tool.definition)

  async function execute(script: string, outer: ToolContext) {
    const calls: ScriptCall[] = []
    let printed = ''
    let begun = 0
    const { output, is_error } = await runScript({
      script,
      functions: [...functions.keys()],
      signal: outer.signal,
      group: run.sessionId,
      onOutput(text) {
        printed += text
        outer.progress(text)
      },
      async call(name, args) {
        const tool = functions.get(name)
        if (!tool) return { error: `There is no function ${name}.` }
        begun += 1
        if (begun > mostCalls) return { error: `A script may make at most ${mostCalls} calls.` }
        const call = { tool, args, ordinal: begun, outer }
        const answer = await callFromScript(context, run, call)
        calls.push({ name, args, answer })
        return answer
      },
    })
    const told = {
      value: output,
      ...(printed === '' ? {} : { stdout: cutToBytes(printed, mostPrinted) }),
      ...(is_error ? { tool_calls: calls.slice(-mostToldCalls).map(toTold) } : {}),
    }
    return { ...textResult(JSON.stringify(told)), is_error }
  }

  return {
    executor: 'server',
    // The script by itself can touch nothing; each of its calls is decided about on its own.
    harmless: true,
    timeout,
    definition: {
      name: toolName,
      description: describe(functions, asking),
      parameters: {
        type: 'object',
        properties: {
          script: {
            type: 'string',
            minLength: 1,
            maxLength: longestScript,
            description: 'The body of a function: it returns its result',
          },
        },
        required: ['script'],
        additionalProperties: false,
      },
      annotations: joinAnnotations(definitions),
      effect: strongest(definitions.map(({ effect }) => effect)),
    },
    execute: ({ script }, outer) => execute(String(script), outer),
  }
}

function toTold({ name, args, answer }: ScriptCall) {
  const entries = Object.entries(answer).map(([key, text]) => [key, cutToBytes(text, 1000)])
  const shown = cutToBytes(JSON.stringify(args) ?? '', 1000)
  return { name, arguments: shown, ...Object.fromEntries(entries) }
}

function describe(functions: Map<string, AssistantTool>, asking: AssistantTool[]): string {
  return [
    'Runs a JavaScript script that calls tools as functions. Combine several calls in one script, work on their results, and return only what you need.',
    '- Each function takes one object of arguments and gives its result as text at once; `await` is not needed.',
    '- A call that fails throws an Error with what went wrong; you may catch it.',
    '- Return the result with `return`; a string is best. console.log is shown beside it.',
    '- There are no timers, no modules, no network and no files but through the functions.',
    ...(asking.length > 0
      ? [
          `- ${asking.map(({ definition }) => definition.name).join(', ')} may need an approval, which a script cannot wait for: when a call is refused for it, call that tool by itself.`,
        ]
      : []),
    '',
    'The functions:',
    ...[...functions].map(([name, tool]) => toFunctionDoc(name, tool.definition)),
  ].join('\n')
}

function joinAnnotations(definitions: ToolDefinition[]): ToolDefinition['annotations'] {
  const all = definitions.map(({ annotations }) => annotations)
  return {
    title: 'Run tools with JavaScript',
    read_only: all.every(({ read_only }) => read_only === true),
    destructive: all.some(({ destructive, read_only }) => destructive ?? !read_only),
    idempotent: definitions.every(({ effect }) => effect !== 'once'),
    open_world: all.some(({ open_world }) => open_world ?? true),
  }
}

/** A script that was cut off may have made any of its calls. */
function strongest(effects: ToolEffect[]): ToolEffect {
  if (effects.includes('once')) return 'once'
  return effects.includes('idempotent') ? 'idempotent' : 'read'
}
