import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What a page does with an EventSource; every message is a line of JSON on its output. */
const page = `
const source = new EventSource(process.argv[1])
source.onmessage = (event) => {
  console.log(JSON.stringify({ id: event.lastEventId, ...JSON.parse(event.data) }))
}
// Between two connections nothing else keeps the process.
setInterval(() => undefined, 1000)
source.onerror = () => { if (source.readyState === EventSource.CLOSED) process.exit(0) }
`

export type Frame = { id: string; type: string; data: Record<string, unknown>; timestamp: string }

/**
 * The messages of a real EventSource of a process of its own, until it gives up: a stream that ends
 * is opened again, as in browsers, until the server says 204 or refuses.
 */
export async function* openEventSource(url: string): AsyncGenerator<Frame> {
  const options = ['--experimental-eventsource', '--no-warnings', '-e', page, '--', url]
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const line of createInterface(child.stdout)) yield JSON.parse(line)
  } finally {
    child.kill()
  }
}
