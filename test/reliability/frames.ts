import { type ClientRequest, get, type IncomingMessage } from 'node:http'

export type Frame = { seq: number; data: string }

/** Reads so many bytes of a stream, or enough, then cuts the connection, which is its own. */
export function readBytes(
  url: string,
  {
    after,
    limit,
    enough = () => false,
  }: { after: number; limit: number; enough?: (text: string) => boolean },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'text/event-stream', 'last-event-id': String(after) }
    const request = get(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      let length = 0
      const finish = () => {
        const text = Buffer.concat(chunks).subarray(0, limit).toString('latin1')
        resolve({ status: response.statusCode ?? 0, text })
        request.destroy()
      }
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length >= limit || enough(Buffer.concat(chunks).toString('latin1'))) finish()
      })
      response.on('end', finish)
      response.on('error', finish)
    })
    request.on('error', reject)
  })
}

/** The whole frames of a text that may end anywhere; it is Latin-1, so that a byte is a character. */
export function framesOf(text: string): Frame[] {
  const frames = text.split('\n\n').slice(0, -1)
  return frames.flatMap((frame) => {
    const match = /^id: (\d+)\ndata: (.*)$/s.exec(frame)
    return match ? [{ seq: Number(match[1]), data: match[2] ?? '' }] : []
  })
}

export type Recording = {
  /** What came so far. */
  frames(): Frame[]
  /** Resolves when it holds for what came; rejects when the stream ends before. */
  until(holds: (frames: Frame[]) => boolean): Promise<void>
  /** Resolves when the connection is over, however it ended. */
  ended: Promise<void>
  stop(): void
}

/** Follows a stream, after the last event that another one brought, and keeps each frame as it came. */
export function recordFrames(url: string, { after }: { after?: number } = {}): Recording {
  const parsed: Frame[] = []
  let text = ''
  let over = false
  const watchers = new Set<() => void>()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const finish = () => {
    over = true
    for (const watch of watchers) watch()
    end()
  }
  const headers = {
    accept: 'text/event-stream',
    ...(after !== undefined && { 'last-event-id': String(after) }),
  }
  const request: ClientRequest = get(
    url,
    { headers, agent: false },
    (response: IncomingMessage) => {
      response.setEncoding('latin1')
      response.on('data', (chunk: string) => {
        text += chunk
        for (const watch of watchers) watch()
      })
      response.on('error', () => undefined)
      response.on('close', finish)
    },
  )
  request.on('error', finish)
  const frames = () => {
    const end = text.lastIndexOf('\n\n') + 2
    if (end < 2) return parsed
    parsed.push(...framesOf(text.slice(0, end)))
    text = text.slice(end)
    return parsed
  }
  return {
    frames,
    until: (holds) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          if (holds(frames())) resolve()
          else if (over) reject(new Error(`The stream ended: ${text || parsed.at(-1)?.data}`))
          else return
          watchers.delete(watch)
        }
        watchers.add(watch)
        watch()
      }),
    ended,
    stop: () => request.destroy(),
  }
}

/** Whether a frame of the type has come, of the session itself or of a sub-agent. */
export function has(type: string): (frames: Frame[]) => boolean {
  return (frames) => frames.some(({ data }) => data.startsWith(`{"type":"${type}"`))
}
