import type { ToolDefinition } from '#contract/tool.ts'
import type { AssistantTool } from './agent-toolset.ts'

/**
 * Tools by the names that they have as functions of a script; the others cannot be called there, or
 * their names are taken.
 */
export function scriptFunctions(
  tools: AssistantTool[],
  isCallable: (tool: AssistantTool) => boolean,
): { functions: Map<string, AssistantTool>; others: AssistantTool[] } {
  const functions = new Map<string, AssistantTool>()
  const others: AssistantTool[] = []
  for (const tool of tools) {
    const name = toIdentifier(tool.definition.name)
    const isTaken = functions.has(name) || reserved.has(name)
    if (isTaken || !isCallable(tool)) others.push(tool)
    else functions.set(name, tool)
  }
  return { functions, others }
}

/** How the model is told to call a function, with the JSON Schema of its arguments. */
export function toFunctionDoc(name: string, { description, parameters }: ToolDefinition): string {
  const text = description.replaceAll('*/', '* /').trim()
  return `\n/** ${text}\n * Arguments: ${JSON.stringify(parameters)} */\nfunction ${name}(args)`
}

/** Names of MCP tools hold characters that a function's cannot. */
function toIdentifier(name: string): string {
  const identifier = name.replaceAll(/[^A-Za-z0-9_$]/g, '_')
  return /^[0-9]/.test(identifier) ? `_${identifier}` : identifier
}

/** Words of the language, and what every script relies on. */
const reserved = new Set(
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof undefined var void while with yield Array Boolean Date Error Infinity JSON Map Math NaN Number Object Promise Proxy Reflect RegExp Set String Symbol console globalThis'.split(
    ' ',
  ),
)
