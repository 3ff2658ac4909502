import { type Script, tokenText } from './script.ts'

const HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n'
const BEFORE =
  '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600,"model":"bench","choices":[{"index":0,"delta":'

/** Chunks of a Chat Completions stream, each in a chunk of HTTP of its own, as a provider sends it. */
export type RenderedAnswer = {
  bytes: Buffer
  /** Where each token's chunk ends in `bytes`. */
  ends: Uint32Array
}

export const streamHead =
  HEAD + toChunk(`${BEFORE}{"role":"assistant","content":""},"finish_reason":null}]}`)

/** The chunk of one token; `text` is plain ASCII without quotes and backslashes. */
export function tokenChunk(text: string): string {
  return toChunk(`${BEFORE}{"content":"${text}"},"finish_reason":null}]}`)
}

export function streamTail(tokens: number): string {
  return ending('stop', tokens)
}

/** A whole answer that calls the `think` tool, its arguments in two pieces. */
export function toolAnswer(id: string): string {
  const call = (fields: string) =>
    toChunk(`${BEFORE}{"tool_calls":[{"index":0,${fields}}]},"finish_reason":null}]}`)
  return (
    streamHead +
    call(`"id":"${id}","type":"function","function":{"name":"think","arguments":""}`) +
    call('"function":{"arguments":"{\\"thought\\":"}') +
    call('"function":{"arguments":"\\"one step\\"}"}') +
    ending('tool_calls', 12)
  )
}

/** Renders answers whose text is known beforehand, each only once. */
export function createRenderer(): (script: Script) => RenderedAnswer {
  const rendered = new Map<string, RenderedAnswer>()
  return (script) => {
    const { text, tokens } = script
    if (text === 'stamped') throw new Error('A stamped answer is rendered while it is sent')
    const key = `${text} ${tokens}`
    const known = rendered.get(key)
    if (known) return known
    const answer = render(text, tokens)
    rendered.set(key, answer)
    return answer
  }
}

function render(text: Exclude<Script['text'], 'stamped'>, tokens: number): RenderedAnswer {
  const ends = new Uint32Array(tokens)
  const chunks: Buffer[] = []
  let length = 0
  for (let index = 0; index < tokens; index++) {
    const content = JSON.stringify(tokenText(text, index))
    const chunk = Buffer.from(toChunk(`${BEFORE}{"content":${content}},"finish_reason":null}]}`))
    chunks.push(chunk)
    length += chunk.length
    ends[index] = length
  }
  return { bytes: Buffer.concat(chunks), ends }
}

function ending(finishReason: string, tokens: number): string {
  const usage = `"usage":{"prompt_tokens":20,"completion_tokens":${tokens},"total_tokens":${tokens + 20}}`
  const last = `${BEFORE.slice(0, BEFORE.indexOf('"choices"'))}"choices":[],${usage}}`
  return (
    toChunk(`${BEFORE}{},"finish_reason":"${finishReason}"}]}`) +
    toChunk(last) +
    toChunk('[DONE]') +
    '0\r\n\r\n'
  )
}

function toChunk(data: string): string {
  const line = `data: ${data}\n\n`
  return `${Buffer.byteLength(line).toString(16)}\r\n${line}\r\n`
}
