import { errorResult, type ToolOutcome, textResult } from '#runtime/tool.ts'
import type { CodeAnswer } from './sandbox.ts'

/** What code answered, as a result that can be stored: the code decides every byte of it. */
export function toToolOutcome(answer: CodeAnswer): ToolOutcome {
  if (answer.type === 'error') return errorResult(toStorable(answer.message))
  if (nestingOf(answer.json) > deepest) {
    return errorResult(`The result is nested deeper than ${deepest} levels; return a flatter one.`)
  }
  const read = readJson(answer.json)
  if (!read) return errorResult('The result is not JSON; return what JSON can hold.')
  const value = storableValue(read.value)
  if (typeof value === 'string') return textResult(value)
  const output = JSON.stringify(value)
  return { type: 'result', output, is_error: false, structured: value }
}

/** Well formed, without U+0000: what a database can hold. */
export function toStorable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** Levels of what is kept. */
export const deepest = 64

/** Levels of what may be a JSON text, found in one pass before it is parsed. */
export function nestingOf(json: string): number {
  let level = 0
  let most = 0
  let isInText = false
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index]
    if (isInText && character === '\\') index += 1
    else if (character === '"') isInText = !isInText
    else if (isInText) continue
    else if (character === '[' || character === '{') level += 1
    else if (character === ']' || character === '}') level -= 1
    if (level > most) most = level
  }
  return most
}

function readJson(json: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(json) }
  } catch {
    return undefined
  }
}

/** Without `__proto__`: a key that means something else as soon as someone copies the object. */
export function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return toStorable(value)
  if (Array.isArray(value)) return value.map(storableValue)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => key !== '__proto__')
  return Object.fromEntries(entries.map(([key, item]) => [toStorable(key), storableValue(item)]))
}
