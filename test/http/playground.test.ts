import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Env } from '#http/env.ts'
import { answerProblem, toProblem } from '#http/errors.ts'
import { playgroundPages } from '#http/playground.ts'
import { createLogger } from '#log.ts'

const script = 'console.log("a script that is long enough to be worth it")'.repeat(20)
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parley-playground-'))
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'secret.txt'), 'no')
  await writeFile(join(directory, 'index.html'), '<!doctype html>')
  await writeFile(join(directory, 'assets/index-a1.js'), script)
  await writeFile(join(directory, 'assets/index-a1.js.br'), brotliCompressSync(script))
  await writeFile(join(directory, 'assets/index-a1.js.gz'), gzipSync(script))
})
afterAll(() => rm(directory, { recursive: true }))

test('the page may load from its own server only, and nothing inline', async () => {
  const page = await ask('/')
  const policy = page.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
  expect(policy).not.toMatch(/unsafe|https?:|\*|nonce/)
  expect(page.headers.get('cache-control')).toBe('no-cache')
  expect(await page.text()).toBe('<!doctype html>')
})

test.each([
  ['br, gzip', 'br'],
  ['gzip', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['identity', null],
])('a caller that takes %s gets %s', async (accepted, encoding) => {
  const file = await ask('/assets/index-a1.js', { 'accept-encoding': accepted })
  expect(file.headers.get('content-encoding')).toBe(encoding)
  expect(file.headers.get('cache-control')).toContain('immutable')
  expect(file.headers.get('vary')).toContain('Accept-Encoding')
  const bytes = Buffer.from(await file.arrayBuffer())
  if (encoding === 'br') expect(brotliDecompressSync(bytes).toString()).toBe(script)
})

test('what the browser has already is not sent again', async () => {
  const first = await ask('/')
  const again = await ask('/', { 'if-none-match': first.headers.get('etag') ?? '' })
  expect([again.status, await again.text()]).toEqual([304, ''])
})

test.each([
  '/assets/none.js',
  '/assets/..%2fsecret.txt',
  '/assets/%2e%2e%2findex.html',
  '/assets/.hidden.js',
  '/assets/index-a1.js.br',
  '/assets/index-a1.js%00.js',
  '/favicon.svg',
])('%s is not there', async (path) => {
  expect((await ask(path)).status).toBe(404)
})

test('without a build another page stands in for it', async () => {
  const page = await createApp(join(directory, 'none')).request('/')
  expect(await page.text()).toBe('Build me')
})

function ask(path: string, headers: Record<string, string> = {}) {
  return createApp(directory).request(path, { headers })
}

function createApp(folder: string): Hono<Env> {
  const app = new Hono<Env>()
  const log = createLogger({ level: 'error', write: () => undefined, now: () => new Date() })
  app.onError((error, c) => answerProblem(toProblem(error, c, log), c))
  const fallback = {
    path: '/',
    handler: (c: { text(text: string): Response }) => c.text('Build me'),
  }
  for (const page of playgroundPages({ directory: folder, fallback }))
    app.get(page.path, page.handler)
  return app
}
