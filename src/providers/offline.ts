import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { ToolCall } from '#contract/message.ts'
import type { Model, ModelAnswer, ModelDelta, ModelRequest } from '#runtime/model.ts'
import { planAnswer } from './offline-plan.ts'
import type { OfflineCall } from './offline-requests.ts'

/**
 * What answers when no model is configured: rules that understand a few simple requests, call the
 * agent's real tools and say how to set a model. The same request always gets the same answer.
 * Tokens are estimated at four characters each.
 */
export function createOfflineModel(): Model {
  return {
    id: 'offline/parley',
    offline: true,
    contextLimit: null,
    price: null,
    async respond(request, onDelta) {
      const { text, calls } = planAnswer(request)
      const toolCalls = calls.map((call, index) => toToolCall(call, index, request))
      await streamText(text, request.signal, onDelta)
      for (const [index, call] of toolCalls.entries()) {
        await onDelta({ type: 'tool_call', index, id: call.id, ...call.function })
      }
      request.signal.throwIfAborted()
      return toAnswer(text, toolCalls, request)
    },
  }
}

const wordsInATick = 4
const mostTicks = 150
const tick = 5

/** Word by word, as a model would; however long the text is, in less than a second. */
async function streamText(
  text: string,
  signal: AbortSignal,
  onDelta: (delta: ModelDelta) => Promise<void> | undefined,
): Promise<void> {
  const words = text.match(/\s*\S+|\s+$/g) ?? []
  const burst = Math.max(wordsInATick, Math.ceil(words.length / mostTicks))
  for (const [index, word] of words.entries()) {
    signal.throwIfAborted()
    await onDelta({ type: 'text', text: word })
    if (index % burst === burst - 1) await pause(signal)
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await wait(tick, undefined, { signal }).catch(() => {})
  // The timer rejects with an error of its own; callers are promised the signal's reason.
  signal.throwIfAborted()
}

/** Ids come from the conversation so far, which a call of its own always makes another one. */
function toToolCall({ name, args }: OfflineCall, index: number, request: ModelRequest): ToolCall {
  const digest = createHash('sha256').update(JSON.stringify(request.messages)).digest('hex')
  const number = request.messages.length
  return {
    id: `call_${number}_${digest.slice(0, 12)}_${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }
}

function toAnswer(content: string, toolCalls: ToolCall[], request: ModelRequest): ModelAnswer {
  const finishReason = toolCalls.length > 0 ? 'tool_calls' : 'stop'
  const prompt = JSON.stringify([request.messages, request.tools])
  const answer = content + toolCalls.map((call) => JSON.stringify(call.function)).join('')
  return {
    content,
    reasoning: '',
    toolCalls,
    finishReason,
    usage: {
      input_tokens: estimateTokens(prompt),
      output_tokens: estimateTokens(answer),
      cached_input_tokens: 0,
      reasoning_tokens: 0,
    },
  }
}

function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4)
}
