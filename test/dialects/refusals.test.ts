import { expect, onTestFinished, test } from 'vitest'
import type { Dialect } from '#http/dialects/dialect.ts'
import { dialects } from '../../src/dialects.ts'
import { openHouse } from '../http/house.ts'
import { startApp } from '../support/app.ts'

const token = 'the-operators-own-key'
const origin = 'https://app.example.org'
const app = await startApp({
  lifetime: 'file',
  token,
  flags: ['--http-token', token, '--max-body', '2000', '--cors-origin', origin],
})
const authorized = { Authorization: `Bearer ${token}` }
const text = expect.any(String)
const data = expect.anything()

type Place = { path: string; scope: string }

/** The shape of a refusal, and the status for a body that is no JSON by its media type. */
const words: Record<string, { shape: unknown; media: number; place?: Place }> = {
  appam: { shape: { error: text }, media: 415 },
  cagent: { shape: { message: text, error: text, code: text }, media: 400 },
  kawai: { shape: { detail: expect.anything() }, media: 422 },
  pawan: { shape: { error: text }, media: 415 },
  ra: { shape: { error: text }, media: 400 },
  openai: { shape: { error: expect.objectContaining({ message: text, type: text }) }, media: 415 },
  mcp: {
    shape: { jsonrpc: '2.0', id: null, error: { code: expect.any(Number), message: text, data } },
    media: 415,
  },
  a2a: {
    shape: { error: expect.objectContaining({ code: expect.any(Number), message: text }) },
    media: 400,
    place: { path: '/a2a/assistant/message:send', scope: 'runs' },
  },
  'ai-sdk': { shape: text, media: 415 },
  'ag-ui': { shape: { code: text, message: text }, media: 415 },
}
const each = dialects.map((dialect) => [dialect.name, dialect] as const)

test('every dialect says here how it words a refusal', () => {
  expect(dialects.map(({ name }) => name).filter((name) => !(name in words))).toEqual([])
})

test.each(each)('%s refuses in its own words', async (name, dialect) => {
  const { shape, media } = words[name] ?? {}
  const { data } = await app.client.POST('/api/keys', { body: { name, scopes: ['read'] } })
  const read = { Authorization: `Bearer ${data.key}` }
  const { path: run, scope } = runPlace(dialect)
  const nowhere = `${dialect.mount}/not/there/at/all`
  expect({
    unauthorized: await post(run, '{}', {}),
    forbidden: await post(run, '{}', read),
    'not there': await post(nowhere, '{}', authorized),
    'too large': await post(run, JSON.stringify({ message: 'x'.repeat(4000) }), authorized),
    'no JSON': await post(run, '{', authorized),
    'another medium': await post(run, '<a/>', { ...authorized, 'Content-Type': 'text/xml' }),
  }).toEqual({
    unauthorized: [401, shape],
    // Where a route is for several things, each asks for what it needs.
    forbidden: [scope === 'runs' ? 403 : 400, shape],
    'not there': [404, shape],
    'too large': [413, shape],
    'no JSON': [name === 'kawai' ? 422 : 400, shape],
    'another medium': [media, shape],
  })
})

test('what a dialect has at the root refuses in its words, too', async () => {
  const routes = dialects.flatMap(({ name, routes: all }) =>
    all.flatMap(({ atRoot, path }) => (atRoot ? [{ name, path }] : [])),
  )
  expect(routes).toContainEqual({ name: 'a2a', path: '/.well-known/agent-card.json' })
  for (const { name, path } of routes) {
    const answer = await fetch(app.url + path)
    expect([answer.status, await bodyOf(answer)]).toEqual([401, words[name]?.shape])
  }
})

test('each tells in its own words that too many ask', async () => {
  const rate = { perMinute: 1, burst: 1 }
  const requests = { rate, sparesKeyless: false, trustProxy: false, now: () => 0 }
  const house = await openHouse({ dialects: [...dialects], requests })
  onTestFinished(() => house.close())
  await (await fetch(house.url)).body?.cancel()
  for (const [name, dialect] of each) {
    const refused = await fetch(house.url + runPlace(dialect).path, { method: 'POST', body: '{}' })
    expect([name, refused.status, await bodyOf(refused)]).toEqual([name, 429, words[name]?.shape])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  }
})

test.each(each)('a page of an allowed origin may ask %s first', async (_name, dialect) => {
  for (const { method, path, atRoot } of dialect.routes) {
    const place = (atRoot ? '' : dialect.mount) + concrete(path)
    const asked = await preflight(place, method, origin)
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, origin])
    const methods = asked.headers.get('access-control-allow-methods')?.split(', ')
    expect(methods).toContain(method.toUpperCase())
    const headers = asked.headers.get('access-control-allow-headers')
    for (const needed of ['Authorization', 'Content-Type', 'Last-Event-ID']) {
      expect(headers).toContain(needed)
    }
  }
  const other = await preflight(runPlace(dialect).path, 'post', 'https://elsewhere.example')
  expect(other.headers.get('access-control-allow-origin')).toBeNull()
})

/** Where the dialect starts runs. */
function runPlace({ mount, routes, name }: Dialect): Place {
  const { place } = words[name] ?? {}
  if (place) return place
  const posts = routes.filter(({ method }) => method === 'post')
  const route = posts.find(({ scope }) => scope === 'runs') ?? posts[0]
  if (!route) throw new Error(`${name} starts no runs`)
  return { path: mount + concrete(route.path), scope: route.scope }
}

function concrete(path: string): string {
  return path.replaceAll(/:(name|agent)\b/g, 'assistant').replaceAll(/:\w+(?:\{[^}]*\})?/g, 'x')
}

async function post(path: string, body: string, headers: Record<string, string>) {
  const all = { 'Content-Type': 'application/json', ...headers }
  const answer = await fetch(app.url + path, { method: 'POST', headers: all, body })
  return [answer.status, await bodyOf(answer)]
}

/** Text is told as such. */
function bodyOf(answer: Response): Promise<unknown> {
  const isText = answer.headers.get('content-type')?.startsWith('text/plain')
  return isText ? answer.text() : answer.json()
}

function preflight(path: string, method: string, from: string): Promise<Response> {
  const asks = {
    Origin: from,
    'Access-Control-Request-Method': method.toUpperCase(),
    'Access-Control-Request-Headers': 'authorization,content-type',
  }
  return fetch(app.url + path, { method: 'OPTIONS', headers: asks })
}
