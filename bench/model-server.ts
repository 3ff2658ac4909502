/**
 * A model server in a process of its own: Chat Completions, streaming only. It speaks HTTP on plain
 * sockets because it must never be what limits a measurement.
 */
import { STATUS_CODES } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { type Clock, createClock, toStamp } from './clock.ts'
import { createRenderer, streamHead, streamTail, tokenChunk, toolAnswer } from './model-stream.ts'
import { announce, exitWithParent } from './process-entry.ts'
import { type Script, scriptFromBody } from './script.ts'

const SLICE = 64 * 1024
const BETWEEN_WAKES = 1

type Answer = { socket: Socket; script: Script; received: number; sent: number; done: boolean }

function main(): void {
  exitWithParent()
  const clock = createClock()
  const render = createRenderer()
  const pacer = createPacer(clock, render)
  let calls = 0
  const server = createServer({ noDelay: true }, (socket) => {
    readRequests(socket, (line, body) => {
      if (line.startsWith('GET ')) return socket.write(json(200, MODELS))
      if (!line.startsWith('POST /v1/chat/completions ')) return socket.write(json(404, NO_PATH))
      const found = scriptFromBody(body)
      if (!found) return socket.write(json(400, NO_SCRIPT))
      if (found.script.tool && body.indexOf('"role":"tool"', found.at) === -1) {
        calls += 1
        return socket.write(toolAnswer(`call_${calls}`), 'latin1')
      }
      const answer = { socket, script: found.script, received: clock(), sent: 0, done: false }
      socket.write(streamHead, 'latin1')
      if (found.script.every === 0) sendAll(answer, render)
      else pacer.add(answer)
    })
  })
  server.listen(0, '127.0.0.1', () => announce(server))
}

const MODELS = { object: 'list', data: [{ id: 'bench', object: 'model', owned_by: 'bench' }] }
const NO_PATH = { error: { message: 'Only POST /v1/chat/completions and GET /v1/models' } }
const NO_SCRIPT = { error: { message: 'The last user message has no bench: instruction' } }

/** Calls back with the request line and the body, one request at a time. */
function readRequests(socket: Socket, onRequest: (line: string, body: string) => void): void {
  let pending = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (bytes) => {
    pending += bytes.toString('latin1')
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      const head = pending.slice(0, headEnd)
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      const end = headEnd + 4 + length
      if (pending.length < end) return
      const body = pending.slice(headEnd + 4, end)
      pending = pending.slice(end)
      onRequest(head.slice(0, head.indexOf('\r\n')), body)
    }
  })
}

type Render = ReturnType<typeof createRenderer>

/** The whole answer as fast as the socket takes it. */
function sendAll(answer: Answer, render: Render): void {
  const { socket, script } = answer
  const { bytes } = render(script)
  let from = 0
  const pump = () => {
    while (from < bytes.length) {
      const slice = bytes.subarray(from, from + SLICE)
      from += slice.length
      if (!socket.write(slice)) return
    }
    socket.off('drain', pump)
    socket.write(streamTail(script.tokens), 'latin1')
  }
  socket.on('drain', pump)
  pump()
}

/** Sends every token when it is due: token i at `first + i * every` after its request. One timer. */
function createPacer(clock: Clock, render: Render): { add(answer: Answer): void } {
  const answers = new Set<Answer>()
  let timer: NodeJS.Timeout | null = null

  function wake(): void {
    timer = null
    let next = Number.POSITIVE_INFINITY
    for (const answer of answers) {
      if (answer.socket.destroyed) answers.delete(answer)
      else if (!answer.socket.writableNeedDrain) sendDue(answer, clock, render)
      if (answer.done) answers.delete(answer)
      else next = Math.min(next, dueTime(answer))
    }
    if (answers.size > 0) timer = setTimeout(wake, Math.max(BETWEEN_WAKES, next - clock()))
  }

  return {
    add(answer) {
      answers.add(answer)
      if (timer) clearTimeout(timer)
      timer = null
      wake()
    },
  }
}

function dueTime({ script, received, sent }: Answer): number {
  return received + script.first + sent * script.every
}

function sendDue(answer: Answer, clock: Clock, render: Render): void {
  const { script, socket } = answer
  const now = clock()
  while (answer.sent < script.tokens && dueTime(answer) <= now) {
    sendToken(answer, now, render)
    answer.sent += 1
  }
  if (answer.sent < script.tokens) return
  socket.write(streamTail(script.tokens), 'latin1')
  answer.done = true
}

function sendToken({ script, socket, received, sent }: Answer, now: number, render: Render): void {
  if (script.text !== 'stamped') {
    const { bytes, ends } = render(script)
    socket.write(bytes.subarray(sent === 0 ? 0 : ends[sent - 1], ends[sent]))
    return
  }
  const times = sent === 0 ? `${toStamp(now)}.${toStamp(received)}` : toStamp(now)
  socket.write(tokenChunk(`${sent.toString(36)}.${times};`), 'latin1')
}

function json(status: number, value: unknown): string {
  const body = JSON.stringify(value)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

main()
