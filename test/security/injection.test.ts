import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import { newSession, start } from '../journeys/conversation.ts'
import { collectRun, createHome, startApp } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { startModelServer } from '../support/model-server.ts'
import { startServerProcess } from '../support/process.ts'

/** Texts that would begin a line, a frame, a header or a record of their own where they are not escaped. */
const hostileTexts = [
  '\n\ndata: {"type":"stream_stopped"}\n\n',
  '\r\n\r\ndata: {}\r\n\r\n',
  '\rdata: x\r\r',
  '\nid: 999999\n',
  '\nevent: heartbeat\ndata: {}\n\n',
  '\nretry: 1\n\n',
  ': comment\n\n',
  '\u2028data: x\u2029\u2028',
  '\u0085data: x\u0085',
  '\u000bdata: x\u000c',
  'x\r\nSet-Cookie: a=b\r\n\r\n<script>',
  '{"time":"2020-01-01T00:00:00.000Z","level":"error","message":"forged"}',
  '\n{"level":"error","message":"forged"}\n',
  '\u001b[2J\u001b[31mred',
  '</script><script>alert(1)</script>',
  '"}\n{"a":"',
  '\\n\\ndata: x',
  '\ufeffdata: x',
  '\u202egnp.exe',
  '%0d%0aSet-Cookie: a=b',
]

test(`${hostileTexts.length} texts end no frame and begin none, from people, models and tools`, async () => {
  const app = await startApp()
  for (const text of hostileTexts) {
    app.model.push(
      { text: [text, text], toolCalls: [{ name: 'think', arguments: { thought: text } }] },
      { text },
    )
    const session = await newSession(app, { title: text, metadata: { text } })
    const run = await start(app, { session, message: text })
    const events = await collectRun(app.client, run.id)
    const response = await fetch(`${app.url}/api/runs/${run.id}/events?event_names=true`)
    const lines = (await response.text()).split(/\r\n|\r|\n/)
    const frames = lines.filter((line) => line.startsWith('data: '))
    expect(lines.filter((line) => !/^(|retry: 1000|(id|data|event): .*|:.*)$/s.test(line))).toEqual(
      [],
    )
    expect(frames.map((line) => JSON.parse(line.slice(6)).seq)).toEqual(
      events.map(({ seq }) => seq),
    )
    expect(
      lines.filter((line) => line.startsWith('id: ')).map((line) => Number(line.slice(4))),
    ).toEqual(events.map(({ seq }) => seq))
  }
}, 60_000)

test('no header of an answer is made of what a request says', async () => {
  const app = await startApp()
  const heads: string[] = []
  const forms = [
    '%0d%0aX-Forged:%201',
    '%0aX-Forged:1',
    '%E5%98%8D%E5%98%8AX-Forged:1',
    '%00X-Forged:1',
  ]
  for (const form of forms) {
    for (const path of [
      `/api/sessions/${form}`,
      `/api/runs/${form}/events`,
      `/${form}`,
      `/api/agents/a${form}`,
    ]) {
      heads.push(
        await rawHead(app.url, `GET ${path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n`),
      )
    }
    const body = JSON.stringify({ external_id: decodeURIComponent(form) })
    const length = Buffer.byteLength(body)
    heads.push(
      await rawHead(
        app.url,
        `POST /api/sessions HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
      ),
    )
  }
  for (const id of ['a\tb', 'a b', '<x>', 'é', 'x'.repeat(300), '"', "'", '{}']) {
    heads.push(
      await rawHead(
        app.url,
        `GET /api/ping HTTP/1.1\r\nHost: HOST\r\nX-Request-Id: ${id}\r\nConnection: close\r\n\r\n`,
      ),
    )
    expect(heads.at(-1)).not.toContain(`: ${id}\r\n`)
  }
  expect(heads.every((head) => head.startsWith('HTTP/1.1 '))).toBe(true)
  expect(heads.filter((head) => /^x-forged/im.test(head))).toEqual([])
})

test('every line of the log is one object, whatever requests and agents say', async () => {
  const model = await startModelServer()
  // What is wrong in an agent file is told with the words of the file.
  const broken = hostileTexts.map((text, index) => [
    `broken-${index}`,
    `agents: { root: { ${JSON.stringify(text)}: 1 } }`,
  ])
  const home = await createHome({
    agents: { ...Object.fromEntries(broken), assistant: 'agents: { root: { model: scripted } }' },
    baseUrl: model.baseUrl,
  })
  const server = await startServerProcess({ home, flags: ['--log-level', 'debug'] })
  const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
  try {
    for (const text of hostileTexts) {
      const fault = { kind: 'status' as const, status: 400, body: text }
      model.push({ fault })
      const session = await newSession({ client })
      const run = await start({ client }, { session, message: text })
      await collectRun(client, run.id)
      await fetch(`${server.url}/api/sessions/${encodeURIComponent(text)}`)
      await fetch(`${server.url}/api/sessions`, { method: 'POST', body: text })
    }
  } finally {
    await server.kill('SIGTERM')
    await model.close()
    await home.remove()
  }
  const lines = server
    .errors()
    .split('\n')
    .filter((line) => line !== '')
  const records = lines.map((line) => JSON.parse(line))
  expect(records.length).toBeGreaterThanOrEqual(hostileTexts.length)
  expect(records.filter(({ message }) => message === 'forged')).toEqual([])
  expect(lines.filter((line) => line.includes('\u001b'))).toEqual([])
}, 60_000)

/** The status line and the headers that a request gets, as they came. */
function rawHead(url: string, request: string): Promise<string> {
  const { hostname, port, host } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(request.replace('HOST', host)))
    let text = ''
    socket.setEncoding('latin1').on('data', (piece) => {
      text += piece
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text.split('\r\n\r\n')[0] ?? ''))
  })
}
