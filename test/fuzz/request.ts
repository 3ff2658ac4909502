/**
 * What is sent to the server, as it can be kept in a file. `${session}` and the like stand for what
 * the target has; see `target.ts`.
 */
export type FuzzRequest = HttpRequest | RawRequest

export type HttpRequest = {
  kind: 'http'
  method: string
  /** With its query, as it is sent. */
  path: string
  headers: Record<string, string>
  /** Text in UTF-8, or bytes in base64. */
  body?: string | { base64: string }
}

export type RawRequest = {
  kind: 'raw'
  /** Bytes as Latin-1, each piece in a packet of its own. */
  pieces: string[]
  /** What the client does then: waits for the end, or says that nothing follows. */
  after: 'wait' | 'end'
  /** How many answers must come; a refusal and a close count for all. */
  answers: number
}

/** A request that was kept, and what was wrong with its answer. */
export type KeptCase = { problem: string; request: FuzzRequest }

export type Answer = {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
  /** The body is a stream that was left before its end. */
  isCut: boolean
}

/** `${name}` in every text of a request, by its value. */
export function fillIn(request: FuzzRequest, values: Record<string, string>): FuzzRequest {
  const fill = (text: string) =>
    text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  if (request.kind === 'raw') return { ...request, pieces: request.pieces.map(fill) }
  const { body } = request
  const headers = Object.entries(request.headers).map(([name, value]) => [name, fill(value)])
  return {
    ...request,
    path: fill(request.path),
    headers: Object.fromEntries(headers),
    ...(typeof body === 'string' && { body: fill(body) }),
  }
}
