import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createFetchToolset } from '#tools/fetch.ts'
import { createGuardedFetch } from '#tools/guarded-fetch.ts'
import { type DnsZone, startDnsServer } from '../support/dns-server.ts'
import { guarded, loopbackServer } from '../tools/loopback-server.ts'
import { callTool, temporaryDirectory } from '../tools/tool-context.ts'
import { doors, type Net, secret } from './doors.ts'
import corpus from './ssrf/urls.json' with { type: 'json' }

/** An address that is public and reserved: nothing there is ever dialled here. */
const outside = '8.8.8.8'
const outside6 = '2001:4860:4860:0:0:0:0:8888'
const inside6 = '0:0:0:0:0:0:0:1'

/** Names of the corpus; all others are this machine. */
const zone: DnsZone = (name) => {
  switch (name) {
    case 'two-faced.test':
      return { a: [outside, '127.0.0.1'] }
    case 'two-faced-6.test':
      return { a: [outside], aaaa: [outside6, inside6] }
    case 'mapped.test':
      return { aaaa: ['0:0:0:0:0:ffff:7f00:1'] }
    case 'nat64.test':
      return { aaaa: ['64:ff9b:0:0:0:0:7f00:1'] }
    case 'link-local.test':
      return { aaaa: ['fe80:0:0:0:0:0:0:1'] }
    case 'metadata.test':
      return { a: ['169.254.169.254'] }
    case 'alias.test':
      return { through: ['internal.test'], a: ['127.0.0.1'] }
    case 'alias-chain.test':
      return { through: ['a.test', 'b.test', 'internal.test'], a: ['127.0.0.1'], aaaa: [inside6] }
    case 'alias-loop.test':
      return { through: ['alias-loop.test'] }
    case 'unspecified.test':
      return { a: ['0.0.0.0'], aaaa: ['0:0:0:0:0:0:0:0'] }
    case 'none.test':
      return {}
    case 'absent.test':
      return null
    case 'late.test':
      return 'silence'
    default:
      return { a: ['127.0.0.1'], aaaa: [inside6] }
  }
}
const dns = await startDnsServer(zone)
afterAll(() => dns.close())

const urls = Object.entries(corpus).flatMap(([kind, list]) => list.map((url) => ({ kind, url })))
const open: Net = { resolve: dns.resolve, allowHosts: [] }

/** Listens at every loopback address that the corpus means, on one port, and notes who comes. */
async function openTrap() {
  const visits: string[] = []
  let port = 0
  for (const address of ['127.0.0.1', '127.0.0.2', '::1']) {
    const server = createServer((request, response) => {
      visits.push(`${address} ${request.url}`)
      response.end('SECRET')
    })
    server.on('connection', () => visits.push(address))
    await new Promise<void>((resolve) => server.listen(port, address, resolve))
    port = (server.address() as AddressInfo).port
    onTestFinished(() => void server.close())
  }
  return { port, visits }
}

/** Whether a door gave anything but a refusal. */
async function passes(visit: Promise<unknown>): Promise<boolean> {
  const outcome = await visit.catch(() => null)
  if (outcome === null || typeof outcome !== 'object') return outcome !== null
  if ('is_error' in outcome) return outcome.is_error === false
  if (Array.isArray(outcome)) return outcome.length > 0
  return !('type' in outcome && outcome.type === 'failed')
}

test.each(Object.entries(doors))(
  `${urls.length} hostile addresses are refused before anything is dialled: %s`,
  async (_name, visit) => {
    const { port, visits } = await openTrap()
    const directory = await temporaryDirectory()
    const escapes: string[] = []
    for (const { url } of urls) {
      const target = url.replaceAll('PORT', String(port))
      if (await passes(visit(target, open, directory))) escapes.push(url)
    }
    expect(escapes).toEqual([])
    expect(visits).toEqual([])
  },
  60_000,
)

test.each(Object.entries(doors).filter(([name]) => name !== 'registry'))(
  `a redirect to any of them is refused: %s`,
  async (_name, visit) => {
    const { port, visits } = await openTrap()
    const directory = await temporaryDirectory()
    let target = ''
    const entrance = await redirecting(() => ({ status: 307, location: encodeURI(target) }))
    for (const { url } of urls) {
      target = url.replaceAll('PORT', String(port))
      await passes(visit(entrance.url('door.test'), entrance.net, directory))
    }
    expect(visits).toEqual([])
    expect(entrance.visits.length).toBeGreaterThanOrEqual(urls.length)
  },
  60_000,
)

const following = Object.entries(doors).filter(([name]) => !['registry', 'archive'].includes(name))

test.each(following)('at most three redirects are followed: %s', async (_name, visit) => {
  const entrance = await redirecting(() => ({ status: 307, location: '/again' }))
  expect(
    await passes(visit(entrance.url('door.test'), entrance.net, await temporaryDirectory())),
  ).toBe(false)
  // A first request and three more; the library of MCP and that of A2A begin twice.
  expect(entrance.visits.length).toBeGreaterThan(1)
  expect(entrance.visits.length).toBeLessThanOrEqual(8)
})

test.each(following)('a redirect to another origin takes no key along: %s', async (name, visit) => {
  const seen: string[] = []
  const entrance = await redirecting(({ headers }) => {
    seen.push(JSON.stringify(headers))
    const isFirst = headers.host?.startsWith('door.test') ?? false
    return isFirst ? { status: 307, location: entrance.url('other.test') } : { status: 200 }
  })
  await passes(visit(entrance.url('door.test'), entrance.net, await temporaryDirectory()))
  const there = seen.filter((headers) => headers.includes('other.test'))
  // The library of MCP goes to no other origin at all.
  expect(there.length > 0).toBe(!name.startsWith('mcp'))
  expect(there.filter((headers) => headers.includes(secret))).toEqual([])
})

test('the archive is redirected nowhere', async () => {
  const entrance = await redirecting(() => ({ status: 307, location: '/again' }))
  const visit = doors.archive?.(entrance.url('door.test'), entrance.net, '')
  expect(await visit).toMatchObject({ type: 'failed', reason: 'it answered 307' })
  expect(entrance.visits).toHaveLength(1)
})

const reading = following.filter(([name]) => name !== 'a2a address of a card')

test.each(reading)('64 MiB in 64 KiB are not unpacked beyond 5 MiB: %s', async (_name, visit) => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '))
  const entrance = await serving((_request, response) => {
    const coding = { 'content-encoding': 'gzip', 'content-type': 'application/json' }
    response.writeHead(200, coding).end(bomb)
  })
  const directory = await temporaryDirectory()
  expect(await passes(visit(entrance.url('door.test'), entrance.net, directory))).toBe(false)
})

test('the address that was looked up is the one that is dialled, whatever the name says next', async () => {
  const rebinding = await startDnsServer((_name, asked) => ({ a: [`127.0.0.${asked}`] }))
  onTestFinished(() => rebinding.close())
  const { port, visits } = await openTrap()
  const visit = guarded({ resolve: rebinding.resolve, allowHosts: ['moving.test'] })
  await visit(`http://moving.test:${port}/first`)
  await visit(`http://moving.test:${port}/second`)
  expect(rebinding.questions).toEqual(['moving.test', 'moving.test'])
  expect(visits.filter((line) => line.includes('/'))).toEqual([
    '127.0.0.1 /first',
    '127.0.0.2 /second',
  ])
})

test('a name that is public once and internal the next time is refused the next time', async () => {
  const rebinding = await startDnsServer((_name, asked) => ({
    a: [asked === 1 ? outside : '127.0.0.1'],
  }))
  onTestFinished(() => rebinding.close())
  const { port, visits } = await openTrap()
  const stop = new AbortController()
  const visit = guarded({
    async resolve(name) {
      const addresses = await rebinding.resolve(name)
      // The first answer may be dialled; the test leaves before, for it stays on this machine.
      if (addresses[0]?.address === outside) stop.abort(new Error('far enough'))
      return addresses
    },
  })
  const url = `http://rebinding.test:${port}/`
  await expect(visit(url, { signal: stop.signal })).rejects.toThrow('far enough')
  await expect(visit(url)).rejects.toThrow('not on the public internet')
  expect(rebinding.questions).toEqual(['rebinding.test', 'rebinding.test'])
  expect(visits).toEqual([])
})

test('each hop of a redirect is looked up and checked anew', async () => {
  const rebinding = await startDnsServer((name) =>
    name === 'door.test' ? { a: ['127.0.0.1'] } : { a: [outside, '127.0.0.1'] },
  )
  onTestFinished(() => rebinding.close())
  const { port, visits } = await openTrap()
  const door = await loopbackServer((_, response) => {
    response.writeHead(302, { location: `http://next.test:${port}/` }).end()
  })
  const visit = guarded({ resolve: rebinding.resolve, allowHosts: [`door.test:${door.port}`] })
  await expect(visit(`http://door.test:${door.port}/`)).rejects.toThrow('next.test is not on')
  expect(rebinding.questions).toEqual(['door.test', 'next.test'])
  expect(visits).toEqual([])
})

test('an agent file narrows what the operator allows and adds nothing to it', async () => {
  const { net, url, visits } = await serving((_request, response) => response.end('inner'))
  const factory = createFetchToolset({ guardedFetch: createGuardedFetch(net) })
  const visit = (allow: string[], target: string) =>
    callTool(factory({ type: 'fetch', allow }), 'fetch', { urls: [target] })
  expect(await visit(['door.test'], url('door.test'))).toMatchObject({ is_error: false })
  expect(await visit(['door.test'], url('other.test'))).toMatchObject({ is_error: true })
  for (const host of ['third.test', '127.0.0.1', '[::1]', 'localhost']) {
    expect(await visit([host, '*'], url(host))).toMatchObject({ is_error: true })
  }
  expect(visits).toHaveLength(1)
})

/** A server on loopback, known under every name but allowed under two. */
async function serving(answer: RequestListener) {
  const { port, requests } = await loopbackServer(answer)
  const allowHosts = [`door.test:${port}`, `other.test:${port}`]
  return {
    visits: requests,
    net: { resolve: dns.resolve, allowHosts },
    url: (host: string) => `http://${host}:${port}/`,
  }
}

function redirecting(
  next: (request: Parameters<RequestListener>[0]) => { status: number; location?: string },
) {
  return serving((request, response) => {
    const { status, location } = next(request)
    response.writeHead(status, location === undefined ? {} : { location }).end('{}')
  })
}
