export type AppamFrame = { type: string; [field: string]: unknown }

/** A client as its documentation has them: `fetch`, and one JSON object in each `data:` line. */
export function createAppamClient(base: string) {
  async function send(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${base}${path}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  return {
    send,
    /** The status and the JSON body. */
    async call(method: string, path: string, body?: unknown): Promise<[number, unknown]> {
      const response = await send(method, path, body)
      return [response.status, await response.json()]
    },
    async chat(path: string, message: string): Promise<AppamFrame[]> {
      const response = await send('POST', path, { message })
      if (response.status !== 200) throw new Error(await response.text())
      return framesOf(await response.text())
    },
  }
}

/** Comments keep a connection open; everything else has to be a `data:` line. */
export function framesOf(text: string): AppamFrame[] {
  return text.split('\n\n').flatMap((frame) => {
    if (frame === '' || frame.startsWith(':')) return []
    if (!frame.startsWith('data: {') || frame.includes('\n')) throw new Error(`not ours: ${frame}`)
    return [JSON.parse(frame.slice('data: '.length))]
  })
}

export function typesOf(frames: AppamFrame[]): string[] {
  return frames.map(({ type }) => type)
}

/** What was streamed as text. */
export function textOf(frames: AppamFrame[]): string {
  return frames.map(({ type, content }) => (type === 'content' ? content : '')).join('')
}
