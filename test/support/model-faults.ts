import type { ServerResponse } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Frames } from './model-frames.ts'
import type { Fault, FaultPosition, ScriptedAnswer } from './model-script.ts'

type Sending = {
  response: ServerResponse
  answer: ScriptedAnswer
  frames: Frames
  released: Promise<void>
}

/** Streams the frames, with the answer's pauses and its fault. */
export async function sendAnswer({ response, answer, frames, released }: Sending): Promise<void> {
  const { fault, delayPerChunk = 0, hold, holdAfter = 1 } = answer
  const { content, tail } = alterFrames(frames, fault)
  const position = fault && 'position' in fault ? (fault.position ?? 'middle') : 'middle'
  const stop = fault && isStop(fault) ? stopAt(position, content.length) : -1
  const roughFrom = fault && isRough(fault) ? stopAt(position, content.length) : Infinity
  const frame = (data: string) => `data: ${data}\n\n`

  if (stop === 0 && fault) return beforeHeaders(response, fault)
  startStream(response)
  if (fault?.kind === 'cut_at') {
    const all = Buffer.from([...content, ...tail].map(frame).join(''))
    return closeAt(response, all.subarray(0, fault.byte), fault.clean ?? false)
  }
  for (const [index, data] of content.entries()) {
    if (response.destroyed) return
    if (index === stop && fault) return breakOff(response, fault, frame(data))
    if (delayPerChunk > 0 && index > 0) await setTimeout(delayPerChunk)
    await send(response, frame(data), index >= roughFrom ? fault : undefined)
    if (index === holdAfter && hold) await (hold === true ? released : hold)
  }
  if (stop === content.length && fault) return breakOff(response, fault, frame(tail[0] ?? ''))
  for (const data of tail) {
    await send(response, frame(data), roughFrom < Infinity ? fault : undefined)
    if (fault?.kind === 'hang_after_finish') return
  }
  response.end()
}

function stopAt(position: FaultPosition, length: number): number {
  if (position === 'start') return 0
  return position === 'middle' ? Math.max(1, Math.floor(length / 2)) : length
}

function isRough({ kind }: Fault): boolean {
  return kind === 'one_byte' || kind === 'split_utf8'
}

function isStop(fault: Fault): boolean {
  const whole = ['half_arguments', 'duplicate_ids', 'cut_at', 'hang_after_finish']
  return !isRough(fault) && !whole.includes(fault.kind)
}

function startStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.flushHeaders()
}

async function beforeHeaders(response: ServerResponse, fault: Fault): Promise<void> {
  if (fault.kind === 'status') {
    response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
    response.end(fault.body ?? JSON.stringify({ error: { message: `status ${fault.status}` } }))
    return
  }
  if (fault.kind === 'hang') return
  if (fault.kind === 'cut') return void response.socket?.destroy()
  if (fault.kind === 'reset') return void response.socket?.resetAndDestroy()
  if (fault.kind === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' })
    return void response.end('<!doctype html><title>Bad gateway</title><p>nginx</p>')
  }
  startStream(response)
  return breakOff(response, fault, 'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n')
}

async function breakOff(response: ServerResponse, fault: Fault, next: string): Promise<void> {
  switch (fault.kind) {
    case 'hang':
      return
    case 'cut':
      return closeAt(response, Buffer.from(next.slice(0, next.length / 2)), false)
    case 'half_frame':
      return closeAt(response, Buffer.from(next.slice(0, next.length / 2)), true)
    case 'reset':
      return void response.socket?.resetAndDestroy()
    case 'no_finish':
      return void response.end('data: [DONE]\n\n')
    case 'invalid_json':
      return void response.end(
        'data: {"choices":[{"index":0,"delta":{"content":"x"\n\ndata: [DONE]\n\n',
      )
    case 'error_frame':
      return void response.end('data: {"error":{"message":"The engine died","code":500}}\n\n')
    case 'status':
      return void response.end(
        `data: {"error":{"message":"status ${fault.status}","code":${fault.status}}}\n\n`,
      )
    case 'html':
      return void response.end('<!doctype html><title>Bad gateway</title>\n\n')
    case 'huge_frame':
      return pour(
        response,
        'data: {"choices":[{"index":0,"delta":{"content":"',
        'x'.repeat(65536),
        800,
      )
    case 'endless':
      return pour(
        response,
        '',
        `data: {"choices":[{"index":0,"delta":{"content":"${'more '.repeat(800)}"}}]}\n\n`,
        Infinity,
      )
    default:
      throw new Error(`${fault.kind} doesn't break off`)
  }
}

function closeAt(response: ServerResponse, bytes: Buffer, clean: boolean): void {
  if (clean) return void response.end(bytes)
  response.write(bytes, () => response.socket?.end())
}

async function pour(response: ServerResponse, head: string, piece: string, count: number) {
  response.write(head)
  for (let sent = 0; sent < count && !response.destroyed; sent++) {
    if (response.write(piece)) await setImmediate()
    else await drained(response)
  }
  response.end('"}}]}\n\n')
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    function done(): void {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.once('drain', done).once('close', done)
  })
}

async function send(response: ServerResponse, text: string, fault: Fault | undefined) {
  const bytes = Buffer.from(text)
  for (const piece of fault ? badPieces(bytes, fault) : [bytes]) {
    if (response.destroyed) return
    if (!response.write(piece)) await drained(response)
    if (fault) await setImmediate()
  }
}

function badPieces(bytes: Buffer, fault: Fault): Buffer[] {
  const cuts = [...bytes.keys()].filter(
    (index) => fault.kind === 'one_byte' || ((bytes[index] ?? 0) & 0xc0) === 0x80,
  )
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length))
}

function alterFrames(frames: Frames, fault: Fault | undefined): Frames {
  if (fault?.kind === 'duplicate_ids') {
    const content = frames.content.map((data) =>
      data.replace(/"id":"call_\d+_\d+"/, '"id":"call_0"'),
    )
    return { ...frames, content }
  }
  if (fault?.kind !== 'half_arguments') return frames
  const isArguments = (data: string) => /"function":\{"arguments":/.test(data)
  const first = frames.content.findLastIndex((data) => data.includes('"type":"function"')) + 1
  const last = frames.content.findLastIndex(isArguments)
  const keep = { start: first + 1, middle: Math.ceil((first + last) / 2), end: last }
  const cut = last < first ? frames.content.length : keep[fault.position ?? 'middle']
  return { ...frames, content: frames.content.slice(0, cut) }
}
