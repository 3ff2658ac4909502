import { countAt, isObject, objectAt, parseJson, textAt } from './chunk.ts'
import { withoutCredentials } from './signature.ts'
import type { Transport } from './transport.ts'

/** A model as its server lists it. */
export type ListedModel = { name: string; contextWindow: number | undefined; ownedBy: string }

/** What GET /models says; undefined when the server doesn't answer in time, or not with a list. */
export async function listServerModels({
  transport,
  baseUrl,
  apiKey,
  timeout,
}: {
  transport: Transport
  baseUrl: URL
  apiKey: string | undefined
  /** Milliseconds. */
  timeout: number
}): Promise<ListedModel[] | undefined> {
  const { address, authorization } = withoutCredentials(baseUrl)
  const url = new URL(`${address}/models`)
  url.search = baseUrl.search
  const credential = apiKey ? `Bearer ${apiKey}` : authorization
  const text = await getText({
    transport,
    url,
    headers: { accept: 'application/json', ...(credential && { authorization: credential }) },
    timeout,
  })
  const body = text === undefined ? undefined : parseJson(text)?.value
  const list = Array.isArray(body) ? body : isObject(body) ? body.data : undefined
  return Array.isArray(list) ? list.flatMap(toListedModel) : undefined
}

const longestList = 8 * 1024 * 1024

function getText({
  transport,
  url,
  headers,
  timeout,
}: {
  transport: Transport
  url: URL
  headers: Record<string, string>
  timeout: number
}): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const exchange = transport.send(
      { method: 'GET', url, headers },
      {
        onHeaders(status) {
          if (status !== 200) finish(undefined)
        },
        onChunk(bytes) {
          length += bytes.length
          if (length > longestList) finish(undefined)
          else chunks.push(bytes)
        },
        onEnd: () => finish(Buffer.concat(chunks).toString()),
        onError: () => finish(undefined),
      },
    )
    const timer = setTimeout(() => finish(undefined), timeout)

    function finish(text: string | undefined): void {
      clearTimeout(timer)
      if (text === undefined) exchange.close()
      resolve(text)
    }
  })
}

function toListedModel(entry: unknown): ListedModel[] {
  const name = textAt(entry, 'id') ?? textAt(entry, 'name')
  if (name === undefined) return []
  const contextWindow =
    countAt(entry, 'context_length') ??
    countAt(entry, 'context_window') ??
    countAt(entry, 'max_model_len') ??
    countAt(entry, 'max_context_length') ??
    countAt(objectAt(entry, 'meta'), 'n_ctx_train')
  const ownedBy = textAt(entry, 'owned_by') ?? ''
  // Gemini writes models/NAME.
  return [
    { name: name.replace(/^models\//, ''), contextWindow: contextWindow || undefined, ownedBy },
  ]
}

/** The first that can chat, as far as names tell. */
export function firstChatModel(models: ListedModel[]): ListedModel | undefined {
  return models.find(({ name }) => !otherPurpose.test(name)) ?? models[0]
}

const otherPurpose =
  /embed|whisper|tts|rerank|moderation|dall-e|image|guard|transcribe|realtime|audio|bge|clip/i
