import type { ToolCall } from '#contract/message.ts'
import { type ModelDelta, ModelFailure } from '#runtime/model.ts'
import { countAt, isObject, objectAt, parseJson, textAt } from './chunk.ts'
import {
  createTextCollector,
  type TextCollector,
  toStorableText,
  toStorableValue,
} from './well-formed.ts'

type Part = { index: number; id: string; sentId: string; name: string; arguments: TextCollector }
type ToolCallDelta = Extract<ModelDelta, { type: 'tool_call' }>

export type ToolCallParts = {
  /** Takes one entry of `delta.tool_calls`; gives what of it is new, if anything. */
  add(entry: unknown): ToolCallDelta | undefined
  /** The calls, each with an id of its own, a name and whole arguments; else a failure. */
  whole(): ToolCall[]
}

/**
 * Puts the calls of one answer together. An entry belongs to the call with its `index`; servers
 * that send none, or the same one for all, are told apart by the id. The id of a call is fixed when
 * its first entry comes: the sent one, made unique, or a made one.
 */
export function createToolCallParts({
  createCallId,
}: {
  createCallId: () => string
}): ToolCallParts {
  const parts: Part[] = []
  const byIndex = new Map<number, Part>()

  function find(entry: unknown, sentId: string | undefined, args: string): Part | undefined {
    const index = countAt(entry, 'index')
    const found = index === undefined ? parts.at(-1) : byIndex.get(index)
    if (!found) return undefined
    if (sentId !== undefined && found.sentId !== '' && sentId !== found.sentId) return undefined
    const begins = textAt(objectAt(entry, 'function'), 'name') !== undefined && args !== ''
    return begins && isWhole(found.arguments.text()) ? undefined : found
  }

  function open(entry: unknown, sentId: string | undefined): Part {
    const id = toStorableText(sentId ?? createCallId())
    const part: Part = {
      index: parts.length,
      id: uniqueId(id, parts),
      sentId: sentId ?? '',
      name: '',
      arguments: createTextCollector(),
    }
    parts.push(part)
    const index = countAt(entry, 'index')
    if (index !== undefined) byIndex.set(index, part)
    return part
  }

  return {
    add(entry) {
      if (!isObject(entry)) return undefined
      const call = objectAt(entry, 'function') ?? entry
      const sentId = textAt(entry, 'id')
      const sentName = textAt(call, 'name')
      const sentArguments = argumentsOf(call.arguments)
      const part = find(entry, sentId, sentArguments) ?? open(entry, sentId)
      if (sentName !== undefined && sentName !== part.name) part.name += toStorableText(sentName)
      const shown = part.arguments.add(sentArguments)
      if (shown === '' && sentName === undefined) return undefined
      const { index, id, name } = part
      return { type: 'tool_call', index, id, name, arguments: shown }
    },
    whole() {
      return parts.map(toToolCall)
    },
  }
}

function uniqueId(id: string, parts: Part[]): string {
  const isTaken = (candidate: string) => parts.some((part) => part.id === candidate)
  if (!isTaken(id)) return id
  let count = 2
  while (isTaken(`${id}_${count}`)) count += 1
  return `${id}_${count}`
}

/** Some servers send the arguments as an object. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return isObject(value) ? JSON.stringify(value) : ''
}

function isWhole(text: string): boolean {
  return text !== '' && parseJson(text) !== undefined
}

function toToolCall(part: Part): ToolCall {
  const text = part.arguments.text() + part.arguments.rest()
  const parsed = text.trim() === '' ? { value: {} } : parseJson(text)
  if (!parsed || part.name === '') {
    throw new ModelFailure(
      'model_truncated',
      `The model's call of ${part.name || 'a tool'} came without ${parsed ? 'a name' : 'whole arguments'}`,
      { retryable: true },
    )
  }
  return {
    id: part.id,
    type: 'function',
    function: { name: part.name, arguments: storableArguments(text, parsed.value) },
  }
}

/** JSON text whose strings can be stored; the text as it came wherever that holds already. */
function storableArguments(text: string, value: unknown): string {
  if (text.trim() === '') return '{}'
  return /\\u(?:0000|d[89a-f])/i.test(text) ? JSON.stringify(toStorableValue(value)) : text
}
