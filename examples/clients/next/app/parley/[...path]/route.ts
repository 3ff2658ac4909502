/** Where the agent server is, and the key that the browser never sees. */
const server = process.env.PARLEY_URL ?? 'http://127.0.0.1:8080'
const key = process.env.PARLEY_KEY

/** What pages may ask for: a conversation, and to follow it. Everything else stays behind. */
const open = [/^POST \/api\/chat$/, /^GET \/api\/runs\/[\w-]+\/events$/]

const passedOn = ['accept', 'content-type', 'idempotency-key', 'last-event-id', 'prefer']

export { passOn as GET, passOn as POST }

/** One request of the client, answered as it comes: a stream is passed on byte by byte. */
async function passOn(request: Request): Promise<Response> {
  // This is the place to look who asks, with the application's own session.
  const { pathname, search } = new URL(request.url)
  const path = pathname.replace(/^\/parley/, '')
  if (!open.some((pattern) => pattern.test(`${request.method} ${path}`))) {
    return Response.json({ title: 'Not found', status: 404 }, { status: 404 })
  }
  const headers = new Headers(key ? { authorization: `Bearer ${key}` } : {})
  for (const name of passedOn) {
    const value = request.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  return fetch(`${server}${path}${search}`, {
    method: request.method,
    headers,
    body: request.method === 'POST' ? await request.text() : null,
    cache: 'no-store',
    // A page that goes away closes the connection, not the run.
    signal: request.signal,
  }).then(
    ({ body, status, headers: answered }) =>
      new Response(body, { status, headers: kept(answered) }),
  )
}

/** fetch has undone compression and chunks: what described them is no longer true. */
function kept(answered: Headers): Headers {
  const headers = new Headers(answered)
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding', 'connection']) {
    headers.delete(name)
  }
  return headers
}
