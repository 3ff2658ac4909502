import { createHash } from 'node:crypto'
import type { ToolCall } from '#contract/message.ts'
import { checkArguments } from './arguments.ts'
import { descriptionParameter } from './description-parameter.ts'
import type { RunTool } from './run-tool.ts'

/** Equal calls have equal hashes whatever the order of their arguments. */
export function hashCall(
  name: string,
  args: string,
  { isDescribed }: Pick<RunTool, 'isDescribed'> = {},
): string {
  const parsed = readArguments(args)
  if (isDescribed) delete parsed?.[descriptionParameter]
  const canonical = parsed === undefined ? args : JSON.stringify(sortKeys(parsed))
  return createHash('sha256').update(`${name}\n${canonical}`).digest('hex').slice(0, 32)
}

/** The arguments of a call, or what is wrong with them, in words for the model. */
export function checkCall(
  call: ToolCall,
  tool: RunTool,
): { args: Record<string, unknown> } | { fault: string } {
  const args = readArguments(call.function.arguments)
  if (args === undefined)
    return {
      fault: `The arguments are not a JSON object of ${deepest} levels at most. Call again with one.`,
    }
  const faults = checkArguments(tool.definition.parameters, args)
  if (faults.length === 0) return { args }
  return {
    fault: `The arguments do not fit the tool's schema; nothing ran:\n- ${faults.join('\n- ')}`,
  }
}

/** Levels of arguments; what is nested deeper is made to hurt whoever walks through it. */
const deepest = 64

/** The arguments of a call; undefined when they are no JSON object, or nested too deeply. */
export function readArguments(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = text.trim() === '' ? {} : JSON.parse(text)
    return isRecord(value) && !isDeeper(value, deepest) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1))
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(value[key])]),
  )
}
