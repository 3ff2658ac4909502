import type { ModelRequest, PromptMessage } from '#runtime/model.ts'
import { type OfflineCall, readRequest, simpleRequests } from './offline-requests.ts'
import { describeResults } from './offline-results.ts'
import { sampleOf } from './offline-sample.ts'

export type OfflinePlan = { text: string; calls: OfflineCall[] }

/** What to answer: text, or calls of the agent's tools, from the conversation alone. */
export function planAnswer(request: ModelRequest): OfflinePlan {
  const plan = planStep(request)
  const format = request.responseFormat?.type ?? 'text'
  if (format !== 'text') return plan
  const text = isIntroduced(request.messages) ? plan.text : `${notice}\n\n${plan.text}`
  return { ...plan, text: text.trimEnd() }
}

/** Said once in a conversation; also what tells that it was said. */
export const notice = [
  'No model is configured, so the built-in offline model answers. It understands a few simple requests and calls the real tools of this agent.',
  'To use a real model, set OPENAI_API_KEY and start again; for a local server such as Ollama set OPENAI_BASE_URL=http://127.0.0.1:11434/v1. Which one an agent uses is the line `model:` in its file, for example `model: openai/gpt-5-mini`.',
].join('\n')

function planStep(request: ModelRequest): OfflinePlan {
  const results = newResults(request.messages)
  if (results.length > 0) return planAfterTools(request, results)
  const last = request.messages.findLast((message) => message.role !== 'system')
  if (last?.role !== 'user') {
    return finalText(request, 'There is nothing new to answer. Write a message.')
  }
  const understood = readRequest(textOf(last), request.tools)
  switch (understood.type) {
    case 'call':
      return { text: '', calls: [understood.call] }
    case 'fault':
      return finalText(request, understood.message)
    case 'greeting':
      return finalText(request, `Hello! ${describeAbilities(request)}`)
    case 'unknown':
      return finalText(request, `I did not understand that. ${describeAbilities(request)}`)
  }
}

function planAfterTools(request: ModelRequest, results: PromptMessage[]): OfflinePlan {
  const asked = request.messages.findLast((message) => message.tool_calls !== undefined)
  return finalText(
    request,
    describeResults(asked?.tool_calls ?? [], results)
      .replaceAll(notice, '')
      .trim(),
  )
}

/** The results that came after the model's last message. */
function newResults(messages: PromptMessage[]): PromptMessage[] {
  const last = messages.findLastIndex((message) => message.role !== 'tool')
  return messages.slice(last + 1)
}

function finalText(request: ModelRequest, text: string): OfflinePlan {
  const format = request.responseFormat
  switch (format?.type) {
    case 'json_schema':
      return { text: JSON.stringify(sampleOf(format.json_schema.schema)), calls: [] }
    case 'json_object':
      return { text: JSON.stringify({ message: text }), calls: [] }
    default:
      return { text, calls: [] }
  }
}

function textOf(message: PromptMessage): string {
  const parts = message.multi_content?.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  return [message.content, ...(parts ?? [])].filter(Boolean).join('\n')
}

function isIntroduced(messages: PromptMessage[]): boolean {
  return messages.some(({ role, content }) => role === 'assistant' && content.includes(notice))
}

function describeAbilities(request: ModelRequest): string {
  const possible = simpleRequests(request.tools)
  if (possible.length === 0) return 'This agent has no tools, so there is little that I can do.'
  return `With this agent these requests work:\n\n${possible.map((line) => `- ${line}`).join('\n')}`
}
