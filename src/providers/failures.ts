import { ModelFailure } from '#runtime/model.ts'
import { isObject, type JsonObject, listAt, objectAt, parseJson, textAt } from './chunk.ts'
import { redact } from './redact.ts'
import { retryAfterOf } from './retry-after.ts'

/** What a message may name, so that people know where to look. */
export type Upstream = {
  /** `provider/model`. */
  id: string
  /** The variable that holds the key, when one is known. */
  keyVariable: string | undefined
  /** Without credentials. */
  address: string
  secrets: string[]
}

type Told = { status: number | undefined; code: string; message: string }

/** A refusal: the status line came and it was not 2xx. */
export function failureFromStatus({
  status,
  headers,
  body,
  upstream,
  now,
}: {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** As much of it as was read. */
  body: string
  upstream: Upstream
  /** Milliseconds since the epoch, for a Retry-After that is a date. */
  now: number
}): ModelFailure {
  const parsed = parseJson(body)?.value
  const told = { ...toldBy(isObject(parsed) ? parsed : listOf(parsed)), status }
  const retryAfter = retryAfterOf(headers, now)
  return classify({ told, upstream, ...(retryAfter !== undefined && { retryAfter }) })
}

/** A chunk that carries an error instead of an answer; undefined when it carries none. */
export function failureFromFrame(chunk: JsonObject, secrets: string[]): ModelFailure | undefined {
  const choice = listAt(chunk, 'choices')[0]
  const isError =
    (chunk.error ?? null) !== null ||
    chunk.object === 'error' ||
    chunk.type === 'error' ||
    objectAt(choice, 'error') !== undefined
  if (!isError) return undefined
  const told = toldBy(objectAt(choice, 'error') ?? chunk)
  const upstream = { id: 'the model', keyVariable: undefined, address: 'the provider', secrets }
  return classify({ told, upstream })
}

/** The connection failed before or while the answer came. */
export function failureFromConnection(
  error: unknown,
  { upstream, begun }: { upstream: Upstream; begun: boolean },
): ModelFailure {
  const code = textAt(error, 'code') ?? 'connection failed'
  if (begun) {
    return new ModelFailure('model_truncated', `The connection to ${upstream.id} broke (${code})`, {
      retryable: true,
      cause: error,
    })
  }
  return new ModelFailure(
    'model_error',
    `No connection to ${upstream.id} at ${upstream.address} (${code}): check that it runs and that the base URL is right`,
    { retryable: true, cause: error },
  )
}

export function silent(what: string, upstream: Upstream): ModelFailure {
  return new ModelFailure('model_timeout', `${upstream.id} ${what}`, { retryable: true })
}

export function tooLong(limit: number): ModelFailure {
  return new ModelFailure('model_error', `The model's answer passed ${limit} characters`, {
    retryable: false,
  })
}

/** 200, but not a stream of an API. */
export function notAnApi(contentType: string, upstream: Upstream): ModelFailure {
  return new ModelFailure(
    'model_error',
    `${upstream.address} answered with ${contentType} instead of a stream: check the base URL of ${upstream.id}`,
    { retryable: false },
  )
}

function listOf(value: unknown): JsonObject {
  const first = Array.isArray(value) ? value[0] : undefined
  return isObject(first) ? first : {}
}

/** `{error: {message, code, type, status}}`, `{error: "…"}`, `{message, code}`, `{detail}`. */
function toldBy(body: JsonObject): Told {
  const error = objectAt(body, 'error') ?? body
  const message =
    textAt(error, 'message') ??
    textAt(body, 'error') ??
    textAt(body, 'detail') ??
    textAt(body, 'message')
  const words = ['code', 'type', 'status', 'error_type'].map((key) => textAt(error, key) ?? '')
  const status = [error.code, error.status, error.status_code].find(isErrorStatus)
  return { status, code: words.join(' ').toLowerCase(), message: message ?? '' }
}

function isErrorStatus(value: unknown): value is number {
  return typeof value === 'number' && value >= 400 && value < 600
}

function classify({
  told,
  upstream,
  retryAfter,
}: {
  told: Told
  upstream: Upstream
  retryAfter?: number
}): ModelFailure {
  const { status, code } = told
  const wait = retryAfter === undefined ? {} : { retryAfter }
  const said = saidBy(told, upstream)
  const whose = upstream.id
  if (isContextLength(told)) {
    return new ModelFailure(
      'context_exceeded',
      `The conversation is too long for ${whose}${said}`,
      {
        retryable: false,
      },
    )
  }
  if (/content_?(filter|policy)|safety/.test(code)) {
    return new ModelFailure('content_filtered', `${whose} refused the content${said}`, {
      retryable: false,
    })
  }
  if (status === 402 || /insufficient_quota|billing|insufficient_balance|credit/.test(code)) {
    return new ModelFailure(
      'model_rate_limited',
      `The account at ${upstream.address} has no quota left for ${whose}${said}`,
      { retryable: false },
    )
  }
  if (status === 429 || /rate_?limit|too_many_requests|resource_exhausted/.test(code)) {
    return new ModelFailure('model_rate_limited', `${whose} is limited for now${said}`, {
      retryable: true,
      ...wait,
    })
  }
  if (status === 401 || status === 403) {
    return new ModelFailure(
      'model_error',
      `${upstream.address} refused the key${hint(upstream)}${said}`,
      {
        retryable: false,
      },
    )
  }
  if (status === 404) {
    return new ModelFailure(
      'model_error',
      `${upstream.address} doesn't know ${whose} (404): check the model's name and the base URL${said}`,
      { retryable: false },
    )
  }
  const retryable = status === undefined || isPassing(status)
  const how = status === undefined ? 'failed' : `failed with status ${status}`
  return new ModelFailure('model_error', `${whose} ${how}${said}`, { retryable, ...wait })
}

function hint({ keyVariable }: Upstream): string {
  if (keyVariable !== undefined) return `: check ${keyVariable}`
  return ': no key variable is configured; name one with token_key'
}

function isPassing(status: number): boolean {
  return (status >= 500 && status !== 501) || status === 408 || status === 409 || status === 425
}

function saidBy({ message }: Told, { secrets }: Upstream): string {
  const text = redact(message, secrets)
  return text === '' ? '' : ` ("${text}")`
}

/** What OpenAI, Azure, Anthropic, Gemini, vLLM, llama.cpp, Ollama, Groq, Mistral and others say. */
function isContextLength({ status, code, message }: Told): boolean {
  if (
    /context_length_exceeded|exceed_context_size|context_window|model_max_prompt_tokens/.test(code)
  )
    return true
  if (status === 429 || status === 401 || status === 403) return false
  if (status === 413) return true
  return contextWords.some((words) => words.test(message))
}

const contextWords = [
  /maximum context length/i,
  /context (?:length|size|window)[^.]*(?:exceed|limit|too|full)/i,
  /exceed(?:s|ed|ing)?[^.]{0,40}context/i,
  /(?:prompt|input|request)[^.]{0,20} (?:is )?too (?:long|large|many tokens)/i,
  /input token count[^.]*exceeds/i,
  /reduce the length of the (?:messages|prompt|input)/i,
  /too many (?:input )?tokens/i,
  /larger than the (?:model's )?context/i,
]
