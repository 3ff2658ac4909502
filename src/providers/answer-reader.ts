import type { FinishReason } from '#contract/message.ts'
import { type ModelAnswer, type ModelDelta, ModelFailure } from '#runtime/model.ts'
import { isObject, type JsonObject, listAt, objectAt, parseJson, textAt } from './chunk.ts'
import { createDeltaTemplate } from './delta-template.ts'
import { failureFromFrame, tooLong } from './failures.ts'
import { createToolCallParts } from './tool-call-parts.ts'
import { usageOf } from './usage.ts'
import { createTextCollector } from './well-formed.ts'

export type AnswerReader = {
  /** Takes the data of one event. Throws a `ModelFailure` when it ends the answer badly. */
  data(json: string): void
  /**
   * Hands over what has gathered; neighbouring deltas of the same part are one. The promise is
   * there when a consumer wants us to wait.
   */
  flush(): Promise<unknown> | undefined
  /** The finish reason came: the answer is complete, whatever happens to the connection. */
  isComplete(): boolean
  /** `[DONE]` came: nothing will follow. */
  isDone(): boolean
  /** The whole answer. Throws a `ModelFailure` when it isn't whole. */
  answer(): ModelAnswer
}

/** Reads the chunks of one Chat Completions answer, in the dialects of many servers. */
export function createAnswerReader({
  onDelta,
  createCallId,
  maxAnswer,
  secrets,
}: {
  onDelta: (delta: ModelDelta) => Promise<void> | undefined
  createCallId: () => string
  /** In UTF-16 code units, all parts together. */
  maxAnswer: number
  /** Never shown in a failure's message. */
  secrets: string[]
}): AnswerReader {
  const content = createTextCollector()
  const reasoning = createTextCollector()
  const calls = createToolCallParts({ createCallId })
  const template = createDeltaTemplate()
  let usage: ModelAnswer['usage'] = null
  let length = 0
  let finishReason: FinishReason | undefined
  let done = false
  let gathered: ModelDelta | undefined
  let waits: Promise<unknown>[] = []

  function emit(delta: ModelDelta): void {
    if (gathered && !append(gathered, delta)) handOver()
    gathered ??= delta
  }

  function handOver(): void {
    if (!gathered) return
    const delta = gathered
    gathered = undefined
    const wait = onDelta(delta)
    if (wait) waits.push(wait)
  }

  function takeText(type: 'text' | 'reasoning', piece: string): void {
    const text = (type === 'text' ? content : reasoning).add(piece)
    if (text === '') return
    length += text.length
    emit({ type, text })
  }

  function takeChunk(chunk: JsonObject): void {
    if (finishReason === undefined) {
      const failure = failureFromFrame(chunk, secrets)
      if (failure) throw failure
    }
    usage = usageOf(chunk) ?? usage
    const choice = listAt(chunk, 'choices').find(isFirstChoice)
    const delta = objectAt(choice, 'delta') ?? objectAt(choice, 'message')
    if (delta) takeDelta(delta)
    const reason = textAt(choice, 'finish_reason')
    if (reason !== undefined) finishReason = finishReasonOf(reason, secrets)
  }

  function takeDelta(delta: JsonObject): void {
    const thought = reasoningOf(delta)
    if (thought !== '') takeText('reasoning', thought)
    const text = contentOf(delta)
    if (text !== '') takeText('text', text)
    const legacy = delta.function_call
    const entries = isObject(legacy)
      ? [{ index: 0, function: legacy }]
      : listAt(delta, 'tool_calls')
    for (const entry of entries) {
      const call = calls.add(entry)
      if (!call) continue
      length += call.arguments.length
      emit(call)
    }
  }

  return {
    data(json) {
      if (done) return
      if (json === '[DONE]') {
        done = true
        return
      }
      const known = template.match(json)
      if (known !== undefined) takeText('text', known)
      else {
        const parsed = parseJson(json)
        if (!parsed) {
          if (finishReason !== undefined) return
          throw notJson()
        }
        if (!isObject(parsed.value)) return
        template.learn(json, parsed.value)
        takeChunk(parsed.value)
      }
      if (length > maxAnswer) throw tooLong(maxAnswer)
    },
    flush() {
      handOver()
      if (waits.length === 0) return undefined
      const all = Promise.all(waits)
      waits = []
      return all
    },
    isComplete: () => finishReason !== undefined,
    isDone: () => done,
    answer() {
      for (const [type, collector] of [
        ['reasoning', reasoning],
        ['text', content],
      ] as const) {
        const text = collector.rest()
        if (text !== '') emit({ type, text })
      }
      if (finishReason === undefined) throw truncated()
      if (finishReason === 'content_filter') throw filtered()
      // What was cut by length has no results and must leave no call without one.
      const toolCalls = finishReason === 'length' ? [] : calls.whole()
      if (finishReason !== 'length') finishReason = toolCalls.length > 0 ? 'tool_calls' : 'stop'
      return {
        content: content.text(),
        reasoning: reasoning.text(),
        toolCalls,
        finishReason,
        usage,
      }
    },
  }
}

function append(gathered: ModelDelta, delta: ModelDelta): boolean {
  if (gathered.type === 'tool_call') {
    if (delta.type !== 'tool_call' || delta.index !== gathered.index) return false
    gathered.arguments += delta.arguments
    gathered.name = delta.name
    return true
  }
  if (delta.type !== gathered.type) return false
  gathered.text += delta.text
  return true
}

function isFirstChoice(choice: unknown): boolean {
  return isObject(choice) && (choice.index ?? 0) === 0
}

/** Text, a refusal, or parts of text. */
function contentOf(delta: JsonObject): string {
  const content = delta.content
  if (typeof content === 'string' && content !== '') return content
  const texts = listAt(delta, 'content').map((part) => textAt(part, 'text') ?? '')
  return texts.join('') || (textAt(delta, 'refusal') ?? '')
}

/** One of the fields: servers that fill two say the same in both. */
function reasoningOf(delta: JsonObject): string {
  const plain = textAt(delta, 'reasoning_content') ?? textAt(delta, 'reasoning')
  if (plain !== undefined) return plain
  const details = listAt(delta, 'reasoning_details')
  if (details.length > 0) {
    return details.map((part) => textAt(part, 'text') ?? textAt(part, 'summary') ?? '').join('')
  }
  const thinking = listAt(delta, 'content').flatMap((part) => listAt(part, 'thinking'))
  return thinking.map((part) => textAt(part, 'text') ?? '').join('')
}

function finishReasonOf(reason: string, secrets: string[]): FinishReason {
  const word = reason.toLowerCase()
  if (/length|max_tokens/.test(word)) return 'length'
  if (/filter|safety|recitation|block|sensitive|prohibited/.test(word)) return 'content_filter'
  if (/error|insufficient|abort|cancel|malformed/.test(word)) {
    const failure = failureFromFrame({ error: { message: `it stopped with "${word}"` } }, secrets)
    throw failure ?? truncated()
  }
  return /tool|function/.test(word) ? 'tool_calls' : 'stop'
}

function notJson(): ModelFailure {
  return new ModelFailure('model_error', 'The model server sent a chunk that is not JSON', {
    retryable: true,
  })
}

function truncated(): ModelFailure {
  return new ModelFailure('model_truncated', "The model's stream ended before its answer did", {
    retryable: true,
  })
}

function filtered(): ModelFailure {
  return new ModelFailure('content_filtered', "The provider's content filter stopped the answer", {
    retryable: false,
  })
}
