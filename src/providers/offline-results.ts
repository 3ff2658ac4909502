import type { ToolCall } from '#contract/message.ts'
import type { PromptMessage } from '#runtime/model.ts'

/** What the tools answered, in sentences. */
export function describeResults(calls: ToolCall[], results: PromptMessage[]): string {
  return results
    .map((result) => {
      const call = calls.find(({ id }) => id === result.tool_call_id)
      return describeResult(call?.function ?? { name: 'The tool', arguments: '{}' }, result)
    })
    .join('\n\n')
}

const mostLines = 40

function describeResult(call: ToolCall['function'], result: PromptMessage): string {
  const output = result.content.trim()
  if (isRefusal(output)) return `${call.name} was not called. ${output}`
  if (isFailure(result)) return `${call.name} failed: ${output}`
  const args = argumentsOf(call)
  switch (call.name) {
    case 'list_directory':
    case 'directory_tree':
      return `${placeOf(args)} holds:\n\n${head(output)}`
    case 'read_file':
      return `${placeOf(args)} says:\n\n${head(output)}`
    case 'search_files_content':
      return `The search found:\n\n${head(output)}`
    case 'fetch':
      return `This is what came back:\n\n${head(output)}`
    case 'list_todos':
      return output.startsWith('todo_') ? `Your todos:\n\n${head(output)}` : output
    case 'create_todo':
    case 'create_todos':
      return `It is on the list:\n\n${head(output)}`
    case 'update_todos':
      return `The list is now:\n\n${head(output)}`
    case 'think':
      return 'I have thought about it, as far as the offline model can think.'
    case 'user_prompt':
      return describeAnswer(output)
    case 'transfer_task':
      return `${String(args.agent)} answers:\n\n${head(output)}`
    case 'write_file':
    case 'edit_file':
    case 'create_directory':
    case 'remove_directory':
      return `Done. ${output}`
    default:
      return `${call.name} answered:\n\n${head(output)}`
  }
}

/** The runtime's sentences for calls that a rule or a person did not let through. */
function isRefusal(output: string): boolean {
  return /^(?:the user (?:rejected|denied)|the rules of this session deny|nobody approved|\S+ needs an approval)/i.test(
    output,
  )
}

function isFailure(message: PromptMessage): boolean {
  return 'is_error' in message && message.is_error === true
}

function argumentsOf(call: ToolCall['function']): Record<string, unknown> {
  return parseObject(call.arguments) ?? {}
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value))
      : null
  } catch {
    return null
  }
}

function placeOf({ path }: Record<string, unknown>): string {
  return typeof path === 'string' && path !== '.' ? path : 'The workspace'
}

function head(output: string): string {
  const lines = output.split('\n')
  const shown = lines.slice(0, mostLines).join('\n').slice(0, 4000).toWellFormed()
  const rest = lines.length - mostLines
  return rest > 0 ? `${shown}\n… and ${rest} more lines` : shown
}

function describeAnswer(output: string): string {
  const answer = parseObject(output)
  if (!answer) return output
  if (answer.action !== 'accept') return `You chose not to answer (${String(answer.action)}).`
  const fields = Object.entries(answer.content ?? {}).map(([name, value]) =>
    name === 'answer' ? String(value) : `${name}: ${JSON.stringify(value)}`,
  )
  return `You answered: ${fields.join(', ') || '(nothing)'}.`
}
