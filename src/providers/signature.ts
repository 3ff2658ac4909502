export type Signed = { url: URL; headers: Record<string, string> }

/**
 * The address and the headers of a Chat Completions call, as the `openai` package builds and signs
 * them. They are the same for each call, so they are built once; the package is loaded then (it
 * costs a server that calls no model nothing).
 */
export function createSignature({
  baseUrl,
  apiKey,
  organization,
  project,
}: {
  baseUrl: URL
  apiKey: string | undefined
  organization: string | undefined
  project: string | undefined
}): () => Promise<Signed> {
  let signed: Promise<Signed> | undefined

  async function build(): Promise<Signed> {
    const { OpenAI } = await import('openai')
    const { address, authorization, query } = withoutCredentials(baseUrl)
    const client = new OpenAI({
      baseURL: address,
      defaultQuery: query,
      // The package insists on a key; without one the header is taken away again below.
      apiKey: apiKey ?? 'none',
      adminAPIKey: null,
      organization: organization ?? null,
      project: project ?? null,
      maxRetries: 0,
    })
    const { url, req } = await client.buildRequest({
      method: 'post',
      path: '/chat/completions',
      headers: { accept: 'text/event-stream' },
      body: {},
    })
    const headers = Object.fromEntries(req.headers.entries())
    if (apiKey === undefined) delete headers.authorization
    if (authorization !== undefined && apiKey === undefined) headers.authorization = authorization
    return { url: new URL(url), headers }
  }

  return () => {
    signed ??= build()
    return signed
  }
}

/** Credentials in a base URL become a header, so that no address ever shows them. */
export function withoutCredentials(baseUrl: URL): {
  address: string
  query: Record<string, string>
  authorization: string | undefined
} {
  const address = new URL(baseUrl)
  const { username, password } = address
  const query = Object.fromEntries(address.searchParams)
  address.search = ''
  address.username = ''
  address.password = ''
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    address: address.href.replace(/\/$/, ''),
    query,
    authorization: pair === ':' ? undefined : `Basic ${Buffer.from(pair).toString('base64')}`,
  }
}

export async function loadClient(): Promise<void> {
  await import('openai')
}
