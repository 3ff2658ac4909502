/** An event as its clients read it: the `data:` lines of a stream. */
export type CagentEvent = { type: string; [field: string]: unknown }

export type CagentClient = ReturnType<typeof createCagentClient>

/** Asks as the documented clients do: JSON bodies, and `data: ` lines of a POST's answer. */
export function createCagentClient(base: string, headers: Record<string, string> = {}) {
  const json = { 'Content-Type': 'application/json', ...headers }

  async function send(method: string, path: string, body?: unknown): Promise<[number, unknown]> {
    const answer = await fetch(`${base}/api${path}`, {
      method,
      headers: json,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return [answer.status, await answer.json()]
  }

  function open(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    const init = { method: 'POST', headers: json, body: JSON.stringify(body) }
    return fetch(`${base}/api/sessions/${path}`, { ...init, ...(signal && { signal }) })
  }

  return {
    send,
    open,
    async newSession(template: object = {}): Promise<string> {
      const answer = await fetch(`${base}/api/sessions`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify(template),
      })
      const { id } = await answer.json()
      return id
    },
    /** Runs to the end of the body; `onEvent` may ask for something meanwhile. */
    async run(
      path: string,
      content: string,
      onEvent: (event: CagentEvent) => unknown = () => undefined,
    ): Promise<CagentEvent[]> {
      const events: CagentEvent[] = []
      for await (const event of readEvents(await open(path, [{ role: 'user', content }]))) {
        events.push(event)
        await onEvent(event)
      }
      return events
    },
  }
}

/** As its Go client reads: lines that start with `data: `; everything else is passed over. */
export async function* readEvents({ body }: Response): AsyncGenerator<CagentEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length))
    }
  }
}

export function typesOf(events: CagentEvent[]): string[] {
  return events.map(({ type }) => type)
}
