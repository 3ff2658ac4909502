import type { ToolCall } from '#contract/message.ts'
import {
  type Fields,
  invalid,
  isFields,
  toFields,
  toList,
  toText,
  unsupported,
} from './openai-fields.ts'
import type { Said } from './openai-history.ts'
import { readContent } from './openai-messages.ts'

/** The `input` of Responses: a text, or items, also those of earlier outputs. */
export function readInput(value: unknown, path = 'input'): Said[] {
  if (typeof value === 'string') return [{ role: 'user', content: value }]
  const said: Said[] = []
  for (const [index, item] of toList(value ?? [], path).entries()) {
    const place = `${path}.${index}`
    addItem(said, toFields(item, place), place)
  }
  return said
}

function addItem(said: Said[], item: Fields, path: string): void {
  switch (item.type ?? 'message') {
    case 'message':
      said.push(readMessage(item, path))
      break
    case 'function_call':
      addCall(said, readCall(item, item.call_id, path))
      break
    case 'function_call_output':
      said.push({
        role: 'tool',
        tool_call_id: toText(item.call_id, `${path}.call_id`),
        content: readContent(item.output, `${path}.output`).content,
      })
      break
    case 'mcp_call':
      addServerCall(said, item, path)
      break
    // What a model thought is not told to it again.
    case 'reasoning':
      break
    default:
      throw unsupported(
        `${path}.type`,
        'items are messages, function calls and their outputs, and items of earlier outputs',
      )
  }
}

function readMessage({ role, content }: Fields, path: string): Said {
  switch (role) {
    case 'user':
      return { role, ...readContent(content, `${path}.content`) }
    case 'system':
    case 'developer':
      return { role: 'system', ...readContent(content, `${path}.content`) }
    case 'assistant':
      return { role, content: readContent(content, `${path}.content`).content }
    default:
      throw invalid(`${path}.role`, 'must be user, system, developer or assistant')
  }
}

/** Calls stand in the answer before them, as the model made them. */
function addCall(said: Said[], call: ToolCall): void {
  const last = said.at(-1)
  if (last?.role === 'assistant') last.tool_calls = [...(last.tool_calls ?? []), call]
  else said.push({ role: 'assistant', content: '', tool_calls: [call] })
}

/** A call that the server ran: an output has both the call and its result. */
function addServerCall(said: Said[], item: Fields, path: string): void {
  const call = readCall(item, item.id, path)
  said.push({ role: 'assistant', content: '', tool_calls: [call] })
  said.push({ role: 'tool', tool_call_id: call.id, content: resultOf(item) })
}

function resultOf({ output, error }: Fields): string {
  if (typeof output === 'string') return output
  const told = isFields(error) ? error.content : error
  return typeof told === 'string' ? told : JSON.stringify(told ?? '')
}

function readCall(item: Fields, id: unknown, path: string): ToolCall {
  return {
    id: toText(id, `${path}.${item.type === 'mcp_call' ? 'id' : 'call_id'}`),
    type: 'function',
    function: {
      name: toText(item.name, `${path}.name`),
      arguments: toText(item.arguments, `${path}.arguments`),
    },
  }
}
