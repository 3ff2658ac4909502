import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { expectThat, type Target } from './suite.ts'

export type Fields = Record<string, unknown>

/** Requests as the documented clients send them: JSON bodies with `fetch`. */
export function createExchange({ url, headers }: Target, base: string) {
  async function send(method: string, path: string, body?: unknown, more?: Record<string, string>) {
    const json = { 'Content-Type': 'application/json' }
    return fetch(`${url}${base}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && json), ...more },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  async function expectStatus(response: Response, what: string, status: number) {
    if (response.status === status) return
    const text = await response.text()
    throw new Error(
      `${what} answered ${response.status} instead of ${status}: ${text.slice(0, 120)}`,
    )
  }

  return {
    send,
    /** A JSON answer with this status. */
    async call(method: string, path: string, body?: unknown, status = 200): Promise<Fields> {
      const what = `${method} ${base}${path}`
      const response = await send(method, path, body)
      await expectStatus(response, what, status)
      const text = await response.text()
      const value = parse(text)
      expectThat(value !== undefined, `${what} answered no JSON: ${text.slice(0, 120)}`)
      return Object(value)
    },
    /** An answer with this status, whatever it holds. */
    async answers(method: string, path: string, status: number, body?: unknown): Promise<void> {
      const response = await send(method, path, body)
      await expectStatus(response, `${method} ${base}${path}`, status)
      await response.body?.cancel()
    },
    /** The events of a stream to its end, with their data as JSON. */
    async stream(method: string, path: string, body?: unknown): Promise<StreamedEvent[]> {
      const what = `${method} ${base}${path}`
      const response = await send(method, path, body)
      await expectStatus(response, what, 200)
      const type = response.headers.get('content-type') ?? ''
      expectThat(
        type.startsWith('text/event-stream'),
        `${what} answered ${type || 'no type'}, no stream`,
      )
      return readEvents(await response.text())
    },
  }
}

export type StreamedEvent = { id: string | undefined; event: string | undefined; data: Fields }

function readEvents(text: string): StreamedEvent[] {
  const messages: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (message) => messages.push(message) })
  parser.feed(text)
  return messages.map(({ id, event, data }) => {
    const value = parse(data)
    expectThat(value !== undefined, `an event is no JSON: ${data.slice(0, 120)}`)
    return { id, event, data: Object(value) }
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

/** The text of a field in all events of a type. */
export function joined(events: StreamedEvent[], type: string, field: string): string {
  return events.map(({ data }) => (data.type === type ? data[field] : '')).join('')
}

export function typesOf(events: StreamedEvent[]): unknown[] {
  return events.map(({ data }) => data.type)
}
