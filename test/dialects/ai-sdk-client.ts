import {
  AbstractChat,
  type ChatInit,
  type ChatState,
  type ChatStatus,
  DefaultChatTransport,
  readUIMessageStream,
  type UIMessage,
  type UIMessageChunk,
  uiMessageChunkSchema,
} from 'ai'

type Metadata = { runId?: string; usage?: { totalTokens: number } }
export type Shown = UIMessage<Metadata>

/** What `useChat` is without React. */
class Chat extends AbstractChat<Shown> {
  constructor({ onChange, ...init }: ChatInit<Shown> & { onChange(): void }) {
    super({ ...init, state: createState(init.messages ?? [], onChange) })
  }
}

function createState(initial: Shown[], onChange: () => void): ChatState<Shown> {
  let kept = initial
  let status: ChatStatus = 'ready'
  const keep = (messages: Shown[]) => {
    kept = messages
    onChange()
  }
  return {
    error: undefined,
    get status() {
      return status
    },
    set status(next) {
      status = next
      onChange()
    },
    get messages() {
      return kept
    },
    set messages(next) {
      keep(next)
    },
    pushMessage: (message) => keep([...kept, message]),
    popMessage: () => keep(kept.slice(0, -1)),
    replaceMessage: (index, message) => keep(kept.with(index, message)),
    snapshot: (thing) => structuredClone(thing),
  }
}

/** A chat of the official client, and the chunks of every stream that it read. */
export function openChat(
  { url }: { url: string },
  {
    id,
    agent = 'assistant',
    body = {},
    headers = {},
    ...init
  }: { id: string; agent?: string; body?: object; headers?: Record<string, string> } & Partial<
    ChatInit<Shown>
  >,
) {
  const streams: UIMessageChunk[][] = []
  const read: Promise<unknown>[] = []
  const watchers = new Set<() => void>()
  const onChange = () => {
    for (const watch of watchers) watch()
  }
  const fetchAndKeep: typeof fetch = async (input, options) => {
    const response = await fetch(input, options)
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response
    const chunks: UIMessageChunk[] = []
    streams.push(chunks)
    onChange()
    const copy = response.clone()
    read.push(keep(copy, chunks).catch(() => undefined))
    return response
  }
  const transport = new DefaultChatTransport<Shown>({
    api: `${url}/ai-sdk/${agent}`,
    fetch: fetchAndKeep,
    body,
    headers,
  })
  const chat = new Chat({ id, transport, onChange, onError: () => undefined, ...init })
  return {
    chat,
    /** Resolves once this is so, which each change of the chat may bring. */
    until(isSo: () => boolean): Promise<void> {
      return new Promise((resolve) => {
        const watch = () => {
          if (!isSo()) return
          watchers.delete(watch)
          resolve()
        }
        watchers.add(watch)
        watch()
      })
    },
    streams,
    /** The chunks of the newest stream, once it is over; each is held against the schema. */
    async lastChunks(): Promise<UIMessageChunk[]> {
      await Promise.all(read)
      const last = streams.at(-1) ?? []
      for (const chunk of last) await checkChunk(chunk)
      return last
    },
  }
}

/** The types with repeated ones told once. */
export function outline(chunks: UIMessageChunk[]): string[] {
  return chunks.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1])
}

/** What the official reader makes of the frames of a stream. */
export async function applied(frames: string): Promise<Shown | undefined> {
  const chunks = frames.split('\n\n').flatMap(readFrame)
  for (const chunk of chunks) await checkChunk(chunk)
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
  let last: Shown | undefined
  for await (const message of readUIMessageStream<Shown>({ stream, terminateOnError: true })) {
    last = message
  }
  return last
}

async function checkChunk(chunk: UIMessageChunk): Promise<void> {
  const checked = await uiMessageChunkSchema().validate?.(chunk)
  if (!checked?.success) throw new Error(`No such chunk: ${JSON.stringify(chunk)}`)
}

async function keep(response: Response, chunks: UIMessageChunk[]): Promise<void> {
  const text = await response.text()
  chunks.push(...text.split('\n\n').flatMap(readFrame))
}

function readFrame(frame: string): UIMessageChunk[] {
  if (!frame.startsWith('data: ') || frame === 'data: [DONE]') return []
  return [JSON.parse(frame.slice('data: '.length))]
}
