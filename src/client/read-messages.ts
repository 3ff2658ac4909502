import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type { Connection } from './connection.ts'
import { ConnectionError } from './errors.ts'

/**
 * The messages of a body of server-sent events, those of one chunk together. A message that was cut
 * off is never given. Ends when the body ends; throws `ConnectionError` when it breaks.
 */
export async function* readMessages(
  body: ReadableStream<Uint8Array>,
  {
    connection,
    onRetry,
    onComment,
  }: {
    connection: Connection
    /** The server's `retry:` in milliseconds. */
    onRetry: (delay: number) => void
    onComment: () => void
  },
): AsyncGenerator<EventSourceMessage[], void, undefined> {
  const messages: EventSourceMessage[] = []
  const parser = createParser({
    onEvent: (message) => messages.push(message),
    onRetry,
    onComment,
  })
  const decoder = new TextDecoder()
  const reader = body.getReader()
  // A body that was made elsewhere than in the platform's fetch may not know of the signal.
  const cancel = () => void reader.cancel().catch(() => undefined)
  connection.signal.addEventListener('abort', cancel)
  for (;;) {
    const chunk = await readChunk(reader, connection)
    if (!chunk) return
    parser.feed(decoder.decode(chunk, { stream: true }))
    if (messages.length > 0) yield messages.splice(0)
  }
}

async function readChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  connection: Connection,
): Promise<Uint8Array | undefined> {
  try {
    const { value } = await connection.within(reader.read())
    connection.signal.throwIfAborted()
    return value
  } catch (cause) {
    throw new ConnectionError('The stream broke before its end', { cause })
  }
}
