import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, FuzzRequest, HttpRequest, RawRequest } from './request.ts'

/** What came of a request. `hung`: nothing came in time. */
export type Outcome =
  | { type: 'answers'; answers: Answer[]; milliseconds: number }
  | { type: 'closed'; reason: string }
  | { type: 'hung' }

type Answers = Answer[] | { closed: string }

/** Milliseconds that anything may take. */
const patience = 10_000
/** A stream that has shown its head and says nothing for so long is left. */
const quiet = 150

/** Connections are used again, so that one which is out of step shows. */
const agent = new Agent({ keepAlive: true, maxSockets: 8 })

export async function send(url: string, request: FuzzRequest): Promise<Outcome> {
  const began = performance.now()
  const work = request.kind === 'http' ? sendHttp(url, request) : sendRaw(url, request)
  const timer = new AbortController()
  const timeout = sleep(patience, 'hung' as const, { signal: timer.signal }).catch(
    () => 'hung' as const,
  )
  const answers = await Promise.race([work, timeout])
  timer.abort()
  if (answers === 'hung') return { type: 'hung' }
  if (!Array.isArray(answers)) return { type: 'closed', reason: answers.closed }
  return { type: 'answers', answers, milliseconds: performance.now() - began }
}

export function closeConnections(): void {
  agent.destroy()
}

async function sendHttp(url: string, request: HttpRequest, again = true): Promise<Answers> {
  const { hostname, port } = new URL(url)
  const { method, path, headers, body } = request
  const bytes =
    typeof body === 'object' ? Buffer.from(body.base64, 'base64') : Buffer.from(body ?? '')
  const length = body === undefined ? {} : { 'content-length': String(bytes.length) }
  const { promise, resolve } = Promise.withResolvers<Answers>()
  const outgoing = httpRequest(
    { hostname, port, method, path, headers: { ...headers, ...length }, agent },
    (incoming) => void readAnswer(incoming).then((answer) => resolve([answer])),
  )
  outgoing.on('upgrade', (incoming, socket) => {
    socket.destroy()
    resolve([{ status: incoming.statusCode ?? 0, headers: {}, body: '', isCut: true }])
  })
  outgoing.on('error', (error) => {
    // The server may close an idle connection just when it is used again.
    if (again && outgoing.reusedSocket) resolve(sendHttp(url, request, false))
    else resolve({ closed: error.message })
  })
  outgoing.end(bytes)
  return promise
}

function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const isStream = incoming.headers['content-type'] === 'text/event-stream'
  const { promise, resolve } = Promise.withResolvers<Answer>()
  let body = ''
  let timer: NodeJS.Timeout | undefined
  function finish(isCut: boolean): void {
    clearTimeout(timer)
    if (isCut) incoming.destroy()
    resolve({ status: incoming.statusCode ?? 0, headers: flatten(incoming), body, isCut })
  }
  function leaveWhenQuiet(): void {
    clearTimeout(timer)
    timer = setTimeout(() => finish(true), quiet)
  }
  if (isStream) leaveWhenQuiet()
  incoming.setEncoding('utf8').on('data', (text: string) => {
    body += text
    if (!isStream) return
    if (body.includes('"run_waiting"')) finish(true)
    else leaveWhenQuiet()
  })
  incoming.once('end', () => finish(false))
  incoming.once('error', () => finish(true))
  return promise
}

function flatten({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  )
}

function sendRaw(url: string, { pieces, after }: RawRequest): Promise<Answers> {
  const { port } = new URL(url)
  const { promise, resolve } = Promise.withResolvers<Answers>()
  const socket = connect(Number(port), '127.0.0.1').setEncoding('latin1').setNoDelay(true)
  let text = ''
  socket.on('data', (data) => {
    text += data
  })
  socket.on('error', () => undefined)
  socket.once('close', () => {
    const answers = parseAnswers(text)
    resolve(answers.length > 0 ? answers : { closed: 'nothing came' })
  })
  socket.once('connect', async () => {
    for (const piece of pieces) {
      if (socket.destroyed) return
      await new Promise((done) => socket.write(piece, 'latin1', done))
    }
    if (after === 'end') socket.end()
  })
  return promise
}

/** The answers on a connection, by their lengths. */
export function parseAnswers(text: string): Answer[] {
  const answers: Answer[] = []
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
    if (end < 0 || Number.isNaN(status)) throw new Error(`No answer of HTTP: ${rest.slice(0, 200)}`)
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    )
    const after = rest.slice(end + 4)
    const length = Number(headers['content-length'] ?? 0)
    const isChunked = headers['transfer-encoding'] === 'chunked'
    const body = isChunked ? unchunk(after) : { text: after.slice(0, length), size: length }
    const decoded = Buffer.from(body.text, 'latin1').toString('utf8')
    if (status >= 200) answers.push({ status, headers, body: decoded, isCut: false })
    rest = after.slice(status < 200 ? 0 : body.size)
  }
  return answers
}

function unchunk(text: string): { text: string; size: number } {
  let body = ''
  let at = 0
  for (;;) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (line < 0 || Number.isNaN(size)) throw new Error('A chunk of the answer is broken')
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
    if (size === 0) return { text: body, size: at }
  }
}
