import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { sendAnswer } from './model-faults.ts'
import { framesOf } from './model-frames.ts'
import type { ScriptedAnswer } from './model-script.ts'

export type { Fault, ScriptedAnswer } from './model-script.ts'

/** What the server got: one call of POST …/chat/completions. */
export type RecordedRequest = {
  path: string
  headers: IncomingMessage['headers']
  body: ChatBody
  /** The same for requests on one connection. */
  connection: string
  /** Settles when the connection is done with: how the exchange ended. */
  ended: Promise<'finished' | 'aborted'>
}

export type ChatBody = {
  model: string
  messages: { role: string; content: unknown; tool_calls?: unknown; tool_call_id?: string }[]
  tools?: { type: string; function: { name: string } }[]
  [field: string]: unknown
}

/**
 * A list is used up in order; an entry with `when` is a rule instead, looked at first and never
 * used up. When nothing is left the request is refused with 400 and a message that says so.
 */
export type Script =
  | ScriptedAnswer[]
  | ((request: RecordedRequest, index: number) => ScriptedAnswer | Promise<ScriptedAnswer>)

export type ModelServer = {
  /** Ends in `/v1`: what `OPENAI_BASE_URL` and `base_url` take. */
  baseUrl: string
  port: number
  /** All chat requests so far, oldest first. */
  requests: RecordedRequest[]
  /** Resolves when `count` chat requests have come in all. */
  received(count: number): Promise<RecordedRequest>
  /** Adds answers after the ones that are left; only where the script is a list. */
  push(...answers: ScriptedAnswer[]): void
  /** Lets go on what waits at `hold: true`, now and later ones. */
  release(): void
  close(): Promise<void>
}

/** A scripted model that speaks Chat Completions over HTTP on a loopback port. */
export async function startModelServer({
  script = [],
  port = 0,
  models = ['scripted'],
  repeat = false,
}: {
  script?: Script
  port?: number
  models?: string[]
  /** Begin again at the first answer when all are used up. */
  repeat?: boolean
} = {}): Promise<ModelServer> {
  const requests: RecordedRequest[] = []
  const waiting: { count: number; resolve: (request: RecordedRequest) => void }[] = []
  const playlist = createPlaylist({ script, repeat })
  const release = Promise.withResolvers<void>()

  async function answerChat(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: ChatBody = JSON.parse(await readText(incoming))
    const ended = new Promise<'finished' | 'aborted'>((resolve) => {
      response.once('close', () => resolve(response.writableFinished ? 'finished' : 'aborted'))
    })
    const connection = String(incoming.socket.remotePort)
    const request = { path: incoming.url ?? '', headers: incoming.headers, body, connection, ended }
    const index = requests.push(request) - 1
    for (const entry of waiting.filter(({ count }) => count === requests.length)) {
      entry.resolve(request)
    }
    const answer = await playlist.next(request, index)
    if (!answer) {
      return sendJson(response, 400, {
        error: { message: `The script has no answer for request ${index + 1}`, type: 'script' },
      })
    }
    const frames = framesOf(answer, body.model, index)
    await sendAnswer({ response, answer, frames, released: release.promise })
  }

  async function control(path: string, incoming: IncomingMessage, response: ServerResponse) {
    if (path === '/_release') release.resolve()
    if (path === '/_push') playlist.push(...JSON.parse(await readText(incoming)))
    const seen = requests.map(({ path, headers, body }) => ({ path, headers, body }))
    sendJson(response, 200, { requests: seen })
  }

  const server = createServer((incoming, response) => {
    response.on('error', () => {})
    const path = (incoming.url ?? '').split('?')[0] ?? ''
    if (path.startsWith('/_')) return void control(path, incoming, response)
    if (path.endsWith('/chat/completions') && incoming.method === 'POST') {
      return void answerChat(incoming, response).catch((error: unknown) => {
        if (response.headersSent) return response.destroy()
        sendJson(response, 500, { error: { message: `The script failed: ${String(error)}` } })
      })
    }
    if (path.endsWith('/models')) {
      const data = models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'test' }))
      return sendJson(response, 200, { object: 'list', data })
    }
    sendJson(response, 404, { error: { message: `No route ${path}`, type: 'not_found' } })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address() as AddressInfo

  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    port: address.port,
    requests,
    received(count) {
      const request = requests[count - 1]
      if (request) return Promise.resolve(request)
      return new Promise((resolve) => waiting.push({ count, resolve }))
    },
    push: playlist.push,
    release: release.resolve,
    close() {
      release.resolve()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function createPlaylist({ script, repeat }: { script: Script; repeat: boolean }) {
  const answers = typeof script === 'function' ? [] : script.filter(({ when }) => !when)
  const rules = typeof script === 'function' ? [] : script.filter(({ when }) => when)
  let position = 0
  return {
    push(...more: ScriptedAnswer[]) {
      rules.push(...more.filter(({ when }) => when))
      answers.push(...more.filter(({ when }) => !when))
    },
    async next(request: RecordedRequest, index: number): Promise<ScriptedAnswer | undefined> {
      if (typeof script === 'function') return script(request, index)
      const rule = rules.find(({ when }) => when && matches(when, request.body))
      if (rule) return rule
      if (repeat && position === answers.length) position = 0
      return answers[position++]
    },
  }
}

function matches(when: NonNullable<ScriptedAnswer['when']>, body: ChatBody): boolean {
  const last = body.messages.at(-1)
  if (when.role !== undefined && last?.role !== when.role) return false
  return when.contains === undefined || JSON.stringify(last?.content ?? '').includes(when.contains)
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/**
 * As a process of its own: `node test/support/model-server.ts [--port N] [--script JSON | --file F]
 * [--repeat] [--models a,b]` prints `{"base_url":…,"port":…,"pid":…}` on one line. `GET /_requests`
 * shows what came, `POST /_push` takes more answers, `POST /_release` lets `hold: true` go on.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      script: { type: 'string' },
      file: { type: 'string' },
      models: { type: 'string', default: 'scripted' },
      repeat: { type: 'boolean', default: false },
    },
  })
  const { readFile } = await import('node:fs/promises')
  const text = values.file ? await readFile(values.file, 'utf8') : (values.script ?? '[]')
  const script: ScriptedAnswer[] = JSON.parse(text)
  const { port, models, repeat } = values
  const server = await startModelServer({
    script,
    port: Number(port),
    models: models.split(','),
    repeat,
  })
  process.stdout.write(
    `${JSON.stringify({ base_url: server.baseUrl, port: server.port, pid: process.pid })}\n`,
  )
  process.once('SIGTERM', () => void server.close())
}

if (import.meta.main) await main()
