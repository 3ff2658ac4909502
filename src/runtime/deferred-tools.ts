import type { Message } from '#contract/message.ts'
import type { AssistantTool } from './agent-toolset.ts'
import type { RunTool } from './run-tool.ts'
import { textResult } from './tool.ts'

const toolName = 'search_tools'
const mostFound = 10
const mostNamed = 50

/**
 * Tools that the model is shown now, and the one that finds the others. What it found is read from
 * the transcript, so that a run goes on with the same tools in any process.
 */
export function revealTools(
  tools: AssistantTool[],
  history: Message[],
): { shown: AssistantTool[]; search: RunTool | null } {
  const deferred = tools.filter((tool) => tool.deferred)
  if (deferred.length === 0) return { shown: tools, search: null }
  const found = new Set(history.flatMap((message) => foundBy(message, deferred)))
  const shown = tools.filter((tool) => !tool.deferred || found.has(tool.definition.name))
  return { shown, search: createSearchTool(deferred) }
}

/** A tool that was called once stays, also when the search for it is no longer remembered. */
function foundBy({ tool_calls = [] }: Message, deferred: AssistantTool[]): string[] {
  return tool_calls.flatMap(({ function: { name, arguments: args } }) =>
    name === toolName ? find(queryOf(args), deferred).map(nameOf) : [name],
  )
}

function queryOf(args: string): string {
  try {
    return String(JSON.parse(args).query)
  } catch {
    return ''
  }
}

function createSearchTool(deferred: AssistantTool[]): RunTool {
  const names = deferred.map(nameOf)
  return {
    executor: 'server',
    harmless: true,
    definition: {
      name: toolName,
      description: `Finds tools that you are not shown yet by words of their names and descriptions; what it finds can be called from your next step on. There are ${describeNames(names)}.`,
      parameters: {
        type: 'object',
        properties: { query: { type: 'string', minLength: 1, maxLength: 500 } },
        required: ['query'],
        additionalProperties: false,
      },
      annotations: { title: 'Search tools', read_only: true },
      effect: 'read',
    },
    async execute({ query }) {
      const found = find(String(query), deferred)
      if (found.length === 0) return textResult(`No tool fits. There are ${describeNames(names)}.`)
      const lines = found.map(({ definition }) => `- ${definition.name}: ${definition.description}`)
      return textResult(['You can call these tools now:', ...lines].join('\n'))
    },
  }
}

function describeNames(names: string[]): string {
  const more = names.length - mostNamed
  return names.slice(0, mostNamed).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** Those that hold most of the words; a word in the name weighs more. */
function find(query: string, deferred: AssistantTool[]): AssistantTool[] {
  const words = query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const scored = deferred.map((tool) => ({ tool, score: scoreOf(tool, [...new Set(words)]) }))
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, mostFound)
    .map(({ tool }) => tool)
}

function scoreOf({ definition }: AssistantTool, words: string[]): number {
  const name = definition.name.toLowerCase()
  const description = definition.description.toLowerCase()
  return words.reduce(
    (sum, word) => sum + (name.includes(word) ? 3 : description.includes(word) ? 1 : 0),
    0,
  )
}

function nameOf({ definition }: AssistantTool): string {
  return definition.name
}
