import type { ToolCall } from 'parley-client'
import { parseObject } from './json.ts'

/** What stands for the whole in one line: the first of these that is there, else the first text. */
const telling = ['task', 'path', 'cmd', 'command', 'query', 'url', 'message', 'description', 'name']
const longest = 120

export function summaryOf({ function: { arguments: text } }: ToolCall): string {
  const values = parseObject(text)
  if (!values) return ''
  const agent = typeof values.agent === 'string' && 'task' in values ? `${values.agent}: ` : ''
  const name = telling.find((key) => typeof values[key] === 'string')
  const value = name ? values[name] : Object.values(values).find((any) => typeof any === 'string')
  if (typeof value !== 'string') return ''
  const line = `${agent}${value}`.replaceAll(/\s+/g, ' ').trim()
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line
}
