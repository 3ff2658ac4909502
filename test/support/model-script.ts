export type ScriptedAnswer = {
  /** A string streams word by word; an array has one entry a chunk. */
  text?: string | string[]
  reasoning?: string | string[]
  toolCalls?: ScriptedToolCall[]
  /** Counts of Chat Completions; null: the server tells none. */
  usage?: Record<string, unknown> | null
  /** null: none is sent. */
  finishReason?: string | null
  /** Milliseconds before each chunk. */
  delayPerChunk?: number
  /**
   * Waits after `holdAfter` chunks of content (1): for the promise, or with `true` for `release()`
   * or `POST /_release`.
   */
  hold?: Promise<unknown> | true
  holdAfter?: number
  fault?: Fault
  /** Makes this answer a rule: for each request whose last message is like this. */
  when?: { role?: string; contains?: string }
}

export type ScriptedToolCall = {
  id?: string
  name: string
  /** An object, or text that is sent as it is. */
  arguments?: Record<string, unknown> | string
  /** Everything in one chunk, as some servers do. */
  whole?: boolean
}

/** Before the first byte, after half of the content, or after all of it but before the end marker. */
export type FaultPosition = 'start' | 'middle' | 'end'

/**
 * hang: silence, the connection stays open. cut: the connection closes inside a frame. reset: TCP
 * reset. no_finish: a clean end without finish reason. half_frame: a clean end inside a frame.
 * invalid_json, error_frame, html, huge_frame (50 MB), endless: what comes instead of the rest.
 * status: a refusal; once the stream has begun, an error frame with that code. half_arguments: tool
 * arguments end early, yet the finish reason comes. one_byte, split_utf8: all bytes come, in bad
 * pieces. duplicate_ids: all calls have the id of the first.
 */
export type Fault =
  | { kind: FaultKind; position?: FaultPosition }
  | {
      kind: 'status'
      status: number
      headers?: Record<string, string>
      body?: string
      position?: FaultPosition
    }
  /** Silence after the frame with the finish reason. */
  | { kind: 'hang_after_finish' }
  /** Closes after so many bytes of the body: like a crash, or clean. */
  | { kind: 'cut_at'; byte: number; clean?: boolean }

export type FaultKind = (typeof faultKinds)[number]

export const faultKinds = [
  'hang',
  'cut',
  'reset',
  'no_finish',
  'half_frame',
  'invalid_json',
  'error_frame',
  'html',
  'huge_frame',
  'endless',
  'half_arguments',
  'one_byte',
  'split_utf8',
  'duplicate_ids',
] as const
