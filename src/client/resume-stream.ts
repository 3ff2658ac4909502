import type { EventSourceMessage } from 'eventsource-parser'
import { type Backoff, createBackoff, wait } from './backoff.ts'
import { type Connection, createConnection } from './connection.ts'
import { ApiError, isPassing, StreamError } from './errors.ts'
import { readMessages } from './read-messages.ts'
import type { RuntimeEvent } from './schemas.ts'
import { createSequence } from './sequence.ts'

/** Milliseconds until a stream has to begin; the server needs 5 s at most, whatever its database does. */
const answerLimit = 10_000

export type StreamOptions = {
  /** Ends the iteration: it rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Told whenever the stream is open: it may be long until the next event. */
  onOpen?: (() => void) | undefined
  /** Told before each new try. What it throws ends the iteration. */
  onReconnect?: ((reconnect: Reconnect) => void) | undefined
  /** Milliseconds before the first new try, until the server says its own wish. */
  retryDelay?: number | undefined
  /** Milliseconds without a byte after which the connection counts as dead; 25 s, for a heartbeat comes every 10 s. */
  silenceLimit?: number | undefined
}

export type Reconnect = {
  /** How many tries in a row were of no use. */
  attempt: number
  /** Milliseconds until the next one. */
  delay: number
  /** Why; undefined when the stream just ended early. */
  cause: unknown
}

export type Connect = (request: {
  /** The last event that the reader has. */
  position: number | undefined
  signal: AbortSignal
}) => Promise<{ response: Response; data?: ReadableStream<Uint8Array> | null }>

/**
 * The events of a stream that is opened again, after the last event that came, whenever it breaks or
 * ends early. `open` is the first request where it is another one than the following; it is sent
 * once. Ends after the last event or when the server has no more (204). Errors that another try
 * cannot mend are thrown.
 */
export async function* resumeStream({
  open,
  resume,
  after,
  isLast,
  signal,
  onOpen,
  onReconnect,
  retryDelay = 1000,
  silenceLimit = 25_000,
}: StreamOptions & {
  open?: Connect
  resume: Connect
  after?: number | undefined
  isLast: (event: RuntimeEvent) => boolean
}): AsyncGenerator<RuntimeEvent, void, undefined> {
  const sequence = createSequence(after)
  const backoff = createBackoff(retryDelay)
  let connect = open ?? resume
  for (;;) {
    signal?.throwIfAborted()
    const connection = createConnection({ signal, silenceLimit })
    let cause: unknown
    try {
      const request = { position: sequence.position(), signal: connection.signal }
      // What is asked again is answered soon, or by nobody: an instance that sleeps takes connections.
      const limit = connect === resume ? Math.min(silenceLimit, answerLimit) : silenceLimit
      const answer = await connection.within(connect(request), limit)
      connect = resume
      if (answer.response.status === 204) return
      for await (const received of readEvents(answer, { connection, backoff, onOpen })) {
        const event = sequence.admit(received)
        if (!event) continue
        backoff.reset()
        signal?.throwIfAborted()
        yield event
        if (isLast(event)) return
      }
    } catch (error) {
      cause = connection.reasonOf(error)
      if (signal?.aborted || connect !== resume || !isPassing(cause)) throw cause
    } finally {
      connection.close()
    }
    const retryAfter = cause instanceof ApiError ? cause.retryAfter : null
    const { delay, attempt } = backoff.next(retryAfter ?? 0)
    onReconnect?.({ attempt, delay, cause })
    await wait(delay, signal)
  }
}

async function* readEvents(
  { response, data }: Awaited<ReturnType<Connect>>,
  {
    connection,
    backoff,
    onOpen,
  }: { connection: Connection; backoff: Backoff; onOpen: StreamOptions['onOpen'] },
): AsyncGenerator<RuntimeEvent, void, undefined> {
  const type = response.headers.get('content-type')
  if (!type?.startsWith('text/event-stream')) {
    throw new StreamError(
      `${response.url} answered with ${type ?? 'no content type'} instead of text/event-stream; does baseUrl name the server?`,
    )
  }
  if (!data) return
  onOpen?.()
  const messages = readMessages(data, {
    connection,
    onRetry: backoff.setDelay,
    onComment: backoff.reset,
  })
  for await (const batch of messages) {
    for (const message of batch) {
      const event = parseEvent(message)
      if (event) yield event
    }
  }
}

/** What has no seq is no event of the log: a heartbeat. */
function parseEvent({ data }: EventSourceMessage): RuntimeEvent | null {
  const value = parseFrame(data)
  return isStored(value) ? value : null
}

function parseFrame(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch (cause) {
    throw new StreamError(`A frame of the stream is no JSON: ${data.slice(0, 80)}`, { cause })
  }
}

/** The contract: everything with a seq is a `RuntimeEvent`. */
function isStored(value: unknown): value is RuntimeEvent {
  return (
    typeof value === 'object' && value !== null && 'seq' in value && typeof value.seq === 'number'
  )
}
