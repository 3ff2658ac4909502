import type { ScriptedAnswer, ScriptedToolCall } from './model-script.ts'

/** The data of each frame, by what it is: `tail` is what follows the content. */
export type Frames = { content: string[]; tail: string[] }

/** Renders an answer as the `data:` payloads of a Chat Completions stream. */
export function framesOf(answer: ScriptedAnswer, model: string, index: number): Frames {
  const chunk = (choice: Record<string, unknown>) =>
    JSON.stringify({
      id: completionId(index),
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model,
      choices: [{ index: 0, logprobs: null, finish_reason: null, ...choice }],
    })
  const delta = (value: Record<string, unknown>) => chunk({ delta: value })
  const content = [
    delta({ role: 'assistant', content: '' }),
    ...pieces(answer.reasoning).map((text) => delta({ reasoning_content: text })),
    ...pieces(answer.text).map((text) => delta({ content: text })),
    ...(answer.toolCalls ?? []).flatMap((call, ordinal) =>
      toolCallDeltas(call, ordinal, index).map((tool) => delta({ tool_calls: [tool] })),
    ),
  ]
  const finishReason = answer.finishReason ?? (answer.toolCalls?.length ? 'tool_calls' : 'stop')
  const tail: string[] = []
  if (answer.finishReason !== null) tail.push(chunk({ delta: {}, finish_reason: finishReason }))
  if (answer.usage !== null) tail.push(usageFrame(answer, model, index, content.length - 1))
  tail.push('[DONE]')
  return { content, tail }
}

/** Always of the same length, so that a byte means the same place in each answer. */
function completionId(index: number): string {
  return `chatcmpl-${String(index).padStart(6, '0')}`
}

function pieces(text: string | string[] | undefined): string[] {
  if (text === undefined) return []
  return typeof text === 'string' ? (text.match(/\S+\s*|\s+/g) ?? []) : text
}

function toolCallDeltas(call: ScriptedToolCall, ordinal: number, index: number): unknown[] {
  const { name, arguments: args = {} } = call
  const text = typeof args === 'string' ? args : JSON.stringify(args)
  const id = call.id ?? `call_${index}_${ordinal}`
  const head = { index: ordinal, id, type: 'function' }
  if (call.whole) return [{ ...head, function: { name, arguments: text } }]
  const parts = text.match(/.{1,12}/gsu) ?? []
  return [
    { ...head, function: { name, arguments: '' } },
    ...parts.map((part) => ({ index: ordinal, function: { arguments: part } })),
  ]
}

function usageFrame(answer: ScriptedAnswer, model: string, index: number, count: number): string {
  const usage = answer.usage ?? {
    prompt_tokens: 10,
    completion_tokens: count,
    total_tokens: 10 + count,
  }
  return JSON.stringify({
    id: completionId(index),
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model,
    choices: [],
    usage,
  })
}
