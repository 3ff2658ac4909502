import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkStream } from '../../src/commands/doctor/stream.ts'
import { doctor } from '../../src/commands/doctor.ts'
import { createHome, startApp } from '../support/app.ts'
import { testServer } from '../support/database.ts'
import { startModelServer } from '../support/model-server.ts'
import { hasNginx, startNginx } from '../support/nginx.ts'

type Finding = { name: string; status: string; detail: string; remedy?: string }

type Examined = { code: number; ok: boolean; failed: number; about(name: string): Finding[] }

/** What `parley doctor --json` prints, and how it exits. */
async function examine(
  argv: string[],
  environment: Record<string, string> = {},
): Promise<Examined> {
  const lines: string[] = []
  const code = await doctor([...argv, '--json'], {
    environment,
    directory: tmpdir(),
    write: (line) => lines.push(line),
    writeError: () => undefined,
  })
  const { findings, ...rest } = JSON.parse(lines.join('\n'))
  const about = (name: string): Finding[] => findings.filter((one: Finding) => one.name === name)
  return { code, about, ...rest }
}

async function makeHome(agents?: Record<string, string>) {
  const model = await startModelServer({ script: [{ text: 'ok' }] })
  const home = await createHome({ baseUrl: model.baseUrl, ...(agents && { agents }) })
  onTestFinished(async () => {
    await home.remove()
    await model.close()
  })
  return { home, model }
}

test('a place where all is well passes, with one call of one token to the agent’s model', async () => {
  const { home, model } = await makeHome()
  const found = await examine([...home.flags, '--listen', '127.0.0.1:0'])
  expect(found).toMatchObject({ code: 0, ok: true, failed: 0 })
  expect(found.about('agents')).toEqual([{ name: 'agents', status: 'ok', detail: 'assistant' }])
  expect(found.about('model')).toEqual([
    {
      name: 'model',
      status: 'ok',
      detail: expect.stringMatching(/^scripted\/scripted answers after \d+ ms$/),
    },
  ])
  expect(model.requests.map(({ body }) => body.max_tokens)).toEqual([1])
  expect(found.about('port')).toMatchObject([{ status: 'ok', detail: '127.0.0.1:0 is free' }])
  expect(found.about('disk').length).toBeGreaterThan(0)
})

test('a broken agent, a model that refuses and a port in use are named, and the exit code says it', async () => {
  const { home, model } = await makeHome({
    assistant: 'agents:\n  root:\n    model: scripted\n',
    broken: 'agents:\n  root:\n    modle: x\n',
  })
  model.push({ when: { contains: 'Say ok' }, fault: { kind: 'status', status: 401 } })
  const other = createServer((socket) => socket.end('no')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : 0
  const found = await examine([...home.flags, '--listen', `127.0.0.1:${port}`])
  expect(found).toMatchObject({ code: 1, ok: false })
  expect(found.about('agents')[0]).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('modle'),
  })
  expect(found.about('model')).toMatchObject([{ status: 'failed' }])
  expect(found.about('port')).toMatchObject([
    { status: 'failed', detail: `another program listens on 127.0.0.1:${port}` },
  ])
})

test('a data directory that a server holds, and its port, are recognised', async () => {
  const { home } = await makeHome()
  const app = await startApp()
  const found = await examine([...home.flags, '--listen', new URL(app.url).host])
  expect(found.about('port')).toMatchObject([
    { status: 'ok', detail: expect.stringMatching(/^Parley \d.* listens on 127/) },
  ])
})

test('a database that does not answer is named with what to do, without its password', async () => {
  const { home } = await makeHome()
  const url = 'postgres://someone:canary@127.0.0.1:9/none'
  const flags = home.flags.slice(0, -2)
  const found = await examine([...flags, '--listen', '127.0.0.1:0', '--database-url', url])
  expect(found.code).toBe(1)
  expect(found.about('database')).toMatchObject([
    { status: 'failed', remedy: expect.stringContaining('nothing listens there') },
  ])
  expect(JSON.stringify(found.about('database'))).not.toContain('canary')
})

test.skipIf(testServer() === undefined)(
  'a Postgres is looked at without being changed',
  async () => {
    const { home } = await makeHome()
    const before = await examine([...home.flags, '--listen', '127.0.0.1:0'])
    const details = before.about('database').map(({ status, detail }) => [status, detail])
    expect(details).toEqual([
      ['ok', expect.stringMatching(/^Postgres \d+.*; a statement takes [\d.]+ ms$/)],
      [
        'ok',
        expect.stringMatching(/^(\d+) of \1 migrations are to be applied; the next start does it$/),
      ],
      ['ok', expect.stringMatching(/^the database’s clock differs by [+−]0\.\d{3} s$/)],
      ['ok', expect.stringMatching(/^LISTEN works; a notification takes [\d.]+ ms$/)],
      ['ok', expect.stringMatching(/^\d+ of \d+ connections are used$/)],
    ])
    // The second look finds the same: nothing was made.
    const again = await examine([...home.flags, '--listen', '127.0.0.1:0'])
    expect(again.about('database')[1]).toEqual(before.about('database')[1])
  },
)

test('without --json it prints a line for each finding and a remedy below', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'parley-doctor-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'a.yaml'), 'agents: {}')
  const lines: string[] = []
  await doctor(['a.yaml', '--listen', '127.0.0.1:0', '--data-dir', 'data'], {
    environment: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' },
    directory,
    write: (line) => lines.push(line),
    writeError: () => undefined,
  })
  expect(lines[0]).toMatch(/^ok {7}program {4}parley \d.* on Node 24/)
  expect(lines.find((line) => line.startsWith('failed   agents'))).toContain('a.yaml')
  expect(lines).toContain(`${' '.repeat(20)}→ parley validate says the same of each file`)
  expect(lines.at(-1)).toMatch(/^\d+ failed, \d+ to look at$/)
})

describe.skipIf(!hasNginx)('a stream through nginx', () => {
  test('arrives one by one, or the proxy that keeps it from that is named', {
    timeout: 60_000,
  }, async () => {
    const app = await startApp({ flags: ['--http-token', 'operator'] })
    const look = async (change?: (configuration: string) => string) => {
      const nginx = await startNginx([app, app, app], change)
      onTestFinished(nginx.close)
      const patience = { first: 1500, heartbeat: 13_000 }
      return checkStream({ url: nginx.url, key: 'operator', patience }).look()
    }
    const buffering = 'proxy_buffering off;'
    const [deployed, heeding, ignoring, zipping, cutting] = await Promise.all([
      look(),
      look((text) => text.replace(buffering, 'proxy_buffering on;')),
      look((text) =>
        text
          .replace(buffering, 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;')
          // Its default; chunks of 1.1 are passed on as they come, whatever it says of buffering.
          .replace('proxy_http_version 1.1;', 'proxy_http_version 1.0;'),
      ),
      look((text) =>
        text.replace('gzip off;', 'gzip on; gzip_types *; gzip_proxied any; gzip_min_length 0;'),
      ),
      look((text) => text.replaceAll(/proxy_read_timeout \w+;/g, 'proxy_read_timeout 2s;')),
    ])
    const good = [
      { status: 'ok', detail: expect.stringMatching(/^Parley .* answers at/) },
      { status: 'ok', detail: expect.stringMatching(/^the first frame arrives \d+ ms after/) },
      { status: 'ok', detail: expect.stringMatching(/^a heartbeat keeps the silent stream open/) },
    ]
    expect(deployed).toEqual(good)
    // The server asks nginx not to buffer, and nginx heeds it unless it is told not to.
    expect(heeding).toEqual(good)
    expect(ignoring.slice(1)).toMatchObject([
      {
        status: 'failed',
        detail: expect.stringContaining('a proxy buffers'),
        remedy: expect.stringContaining('proxy_buffering off'),
      },
    ])
    expect(zipping.slice(1)).toMatchObject([
      { status: 'failed', detail: expect.stringContaining('compresses the stream (gzip)') },
    ])
    expect(cutting.slice(2)).toMatchObject([
      {
        status: 'failed',
        detail: expect.stringMatching(/was cut \d\.\d s after/),
        remedy: expect.stringContaining('proxy_read_timeout'),
      },
    ])
    const sessions = await app.as('operator').GET('/api/sessions')
    expect(sessions.data.data).toEqual([])
  })
})

test('a server that wants a key, and an address that is none, are told', async () => {
  const app = await startApp({ flags: ['--http-token', 'operator'] })
  const found = await examine(['--stream', app.url])
  expect(found).toMatchObject({ code: 1 })
  expect(found.about('stream')).toMatchObject([
    { status: 'failed', detail: expect.stringContaining('key') },
  ])
  await expect(examine(['--stream', 'example'])).rejects.toThrow('expected the http(s) URL')
  await expect(examine(['--stream', app.url, 'a.yaml'])).rejects.toThrow('give either it or AGENTS')
})
