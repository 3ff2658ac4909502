import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Env } from '#http/env.ts'
import { listen } from '#http/listen.ts'
import { type House, openHouse } from './house.ts'

const vendor = new URL('../../src/http/vendor/scalar/', import.meta.url)

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house.close())

test.each(['/', '/docs'])('%s loads nothing from another host', async (path) => {
  const text = await (await house.fetch(path)).text()
  const hosts = text.match(/(src|href|url\()=?["']?(https?:)?\/\/[^\s'"<]+/g) ?? []
  expect(hosts.filter((host) => !host.startsWith(house.url))).toEqual([])
})

test('the policy of the reference allows no other host', async () => {
  const policy = (await house.fetch('/docs')).headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/)
})

test('every file that the reference loads is here', async () => {
  const page = await (await house.fetch('/docs')).text()
  const files = [...page.matchAll(/src="([^"]+)"/g)].map(([, file]) => file)
  expect(files).toEqual(['/docs/scalar.js'])
  for (const file of files) {
    const response = await house.fetch(`${file}`)
    expect(response.headers.get('content-type')).toContain('text/javascript')
  }
})

test('the vendored script is the recorded one, compressed or not', async () => {
  const { sha256 } = JSON.parse(await readFile(new URL('manifest.json', vendor), 'utf8'))
  const packed = await readFile(new URL('standalone.js.gz', vendor))
  expect(createHash('sha256').update(gunzipSync(packed)).digest('hex')).toBe(sha256)
  for (const encoding of ['gzip', 'identity', 'gzip;q=0']) {
    const response = await house.fetch('/docs/scalar.js', {
      headers: { 'accept-encoding': encoding },
    })
    expect(response.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null)
    const body = Buffer.from(await response.arrayBuffer())
    expect(createHash('sha256').update(body).digest('hex')).toBe(sha256)
  }
})

test('the front page shows a request that works here', async () => {
  const page = await (await house.fetch('/')).text()
  expect(page).toContain(`curl -N ${house.url}/api/chat`)
})

test('an address in use is one clear error', async () => {
  const { port } = new URL(house.url)
  await expect(
    listen({
      app: new Hono<Env>(),
      host: '127.0.0.1',
      port: Number(port),
      newRequestId: () => 'req_1',
    }),
  ).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}: another program listens there`)
})

test('closing waits for requests at work', async () => {
  let finish: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    finish = resolve
  })
  const app = new Hono<Env>()
  const asked = new Promise<void>((resolve) => {
    app.get('/', async (c) => {
      resolve()
      await held
      return c.text('done')
    })
  })
  const server = await listen({ app, host: '127.0.0.1', port: 0, newRequestId: () => 'req_1' })
  const response = fetch(server.url)
  await asked
  const closed = server.close(60_000)
  finish()
  expect(await (await response).text()).toBe('done')
  await closed
})

test('closing cuts what takes longer than it may', async () => {
  const app = new Hono<Env>().get('/', () => new Promise<never>(() => undefined))
  const server = await listen({ app, host: '127.0.0.1', port: 0, newRequestId: () => 'req_1' })
  const response = fetch(server.url)
  await server.close(10)
  await expect(response).rejects.toThrow('fetch failed')
})
