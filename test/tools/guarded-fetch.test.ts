import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { isPublicAddress } from '#tools/public-address.ts'
import { guarded, loopbackServer, toLoopback } from './loopback-server.ts'

const hostileUrls = [
  'http://127.0.0.1:PORT/',
  'http://127.1:PORT/',
  'http://127.0.1:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f000001:PORT/',
  'http://0x7f.0.0.1:PORT/',
  'http://0177.0.0.1:PORT/',
  'http://0177.0x0.1:PORT/',
  'http://127.0.0.1.:PORT/',
  'http://127。0。0。1:PORT/',
  'http://①②⑦.⓪.⓪.①:PORT/',
  'http://%31%32%37.0.0.1:PORT/',
  'http://0.0.0.0:PORT/',
  'http://0:PORT/',
  'http://127.255.255.254:PORT/',
  'http://localhost:PORT/',
  'http://LOCALHOST:PORT/',
  'http://localhost.:PORT/',
  'http://lo\tcal\nhost:PORT/',
  'http://anything.localhost:PORT/',
  'http://looks-public.example:PORT/',
  'http://[::1]:PORT/',
  'http://[0:0:0:0:0:0:0:1]:PORT/',
  'http://[::]:PORT/',
  'http://[::127.0.0.1]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://[::ffff:7f00:1]:PORT/',
  'http://[0:0:0:0:0:ffff:7f00:0001]:PORT/',
  'http://[::ffff:0:127.0.0.1]:PORT/',
  'http://[64:ff9b::127.0.0.1]:PORT/',
  'http://[64:ff9b::7f00:1]:PORT/',
  'http://[64:ff9b::a00:1]:PORT/',
  'http://[64:ff9b:1::8.8.8.8]:PORT/',
  'http://[2002:7f00:1::]:PORT/',
  'http://[2001:0:7f00:1::]:PORT/',
  'http://[fe80::1]:PORT/',
  'http://[fec0::1]:PORT/',
  'http://[fc00::1]:PORT/',
  'http://[fd00:ec2::254]:PORT/',
  'http://[ff02::1]:PORT/',
  'http://[2001:db8::1]:PORT/',
  'http://169.254.169.254/latest/meta-data/',
  'http://169.254.170.2/',
  'http://0xa9fea9fe/',
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://172.31.255.255/',
  'http://192.168.0.1/',
  'http://100.64.0.1/',
  'http://100.100.100.200/',
  'http://192.0.0.192/',
  'http://198.18.0.1/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://user@127.0.0.1:PORT/',
  'http://example.org@127.0.0.1:PORT/',
  'http://127.0.0.1:PORT@example.org/',
  'http://user:secret@looks-public.example:PORT/',
  'http:127.0.0.1:PORT/',
  'http:/\\127.0.0.1:PORT/',
  '\\\\127.0.0.1:PORT\\',
  '//127.0.0.1:PORT/',
  '127.0.0.1:PORT',
  'http://',
  'http://[::1%25eth0]:PORT/',
  'https://127.0.0.1:PORT/',
  'ftp://127.0.0.1:PORT/',
  'file:///etc/passwd',
  'file://127.0.0.1/etc/passwd',
  'data:text/plain,hello',
  'javascript:alert(1)',
  'gopher://127.0.0.1:PORT/_GET',
  'ws://127.0.0.1:PORT/',
  'unix:/var/run/docker.sock',
  'http+unix://%2Fvar%2Frun%2Fdocker.sock/',
  '',
]

test.each(hostileUrls)('%j is refused before anything is dialled', async (template) => {
  const { port, requests } = await loopbackServer((_, response) => response.end('SECRET'))
  const url = template.replaceAll('PORT', String(port))
  await expect(guarded()(url)).rejects.toMatchObject({ name: 'GuardedFetchError' })
  expect(requests).toEqual([])
})

test.each(hostileUrls)('a redirect to %j is refused', async (template) => {
  const inner = await loopbackServer((_, response) => response.end('SECRET'))
  const target = template.replaceAll('PORT', String(inner.port))
  // What is no URL by itself is one relative to the page that redirects, and leads back to it.
  const base = await loopbackServer((request, response) => {
    const isFirst = request.url === '/begin'
    response.writeHead(isFirst ? 302 : 200, isFirst ? { location: encodeURI(target) } : {}).end()
  })
  const fetch = guarded({ allowHosts: [`door.example:${base.port}`] })
  const outcome = await fetch(`http://door.example:${base.port}/begin`).catch(() => 'refused')
  if (outcome !== 'refused') {
    expect(outcome).toMatchObject({ url: expect.stringMatching(/^http:\/\/door\.example:/) })
  }
  expect(inner.requests).toEqual([])
})

test.each([
  ['8.8.8.8', true],
  ['1.1.1.1', true],
  ['172.15.255.255', true],
  ['172.32.0.0', true],
  ['100.63.255.255', true],
  ['100.128.0.0', true],
  ['223.255.255.255', true],
  ['2606:4700:4700::1111', true],
  ['2001:4860:4860::8888', true],
  ['64:ff9b::808:808', true],
  ['64:ff9b::', false],
  ['64:ff9b::c0a8:1', false],
  ['64:ff9b::a9fe:a9fe', false],
  ['::ffff:8.8.8.8', false],
  ['2001:1ff::1', false],
  ['3fff::1', false],
  ['4000::1', false],
  ['5f00::1', false],
  ['fe80::1%eth0', false],
  ['not an address', false],
  ['', false],
])('%s is a public address: %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected)
})

test('a name with one internal address among public ones is refused', async () => {
  const { port, requests } = await loopbackServer((_, response) => response.end('SECRET'))
  const resolve = async () => [
    { address: '8.8.8.8', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ]
  await expect(guarded({ resolve })(`http://two-faced.example:${port}/`)).rejects.toThrow(
    'two-faced.example is not on the public internet',
  )
  expect(requests).toEqual([])
})

test('a name is looked up once a connection, so a rebinding answer is never dialled', async () => {
  const { port, requests } = await loopbackServer((_, response) => response.end('SECRET'))
  const stop = new AbortController()
  const asked: string[] = []
  const rebinding = async (name: string) => {
    asked.push(name)
    if (asked.length > 1) return [{ address: '127.0.0.1', family: 4 }]
    // The first answer is fine; the test ends before it is dialled, which would leave loopback.
    stop.abort(new Error('far enough'))
    return [{ address: '192.88.98.1', family: 4 }]
  }
  const fetch = guarded({ resolve: rebinding })
  const answer = fetch(`http://rebinding.example:${port}/`, { signal: stop.signal })
  await expect(answer).rejects.toThrow('far enough')
  await expect(fetch(`http://rebinding.example:${port}/`)).rejects.toThrow('not on the public')
  expect(asked).toEqual(['rebinding.example', 'rebinding.example'])
  expect(requests).toEqual([])
})

test('a host that the operator allows is fetched, on that port only', async () => {
  const { port } = await loopbackServer((_, response) => response.end('inner'))
  const fetch = guarded({ allowHosts: [`Inner.Example:${port}`] })
  expect((await fetch(`http://inner.example:${port}/`)).body.toString()).toBe('inner')
  await expect(fetch('http://inner.example:1/')).rejects.toThrow('not on the public internet')
  const anyPort = guarded({ allowHosts: ['127.0.0.1'] })
  expect((await anyPort(`http://2130706433:${port}/`)).status).toBe(200)
})

test.each(['http://x', 'a/b', 'a b', 'user@x', ''])('%j is no host to allow', (host) => {
  expect(() => guarded({ allowHosts: [host] })).toThrow('is not a host to allow')
})

test('three redirects are followed, a fourth is not', async () => {
  const { port, requests } = await loopbackServer((request, response) => {
    const left = Number(request.url?.slice(1))
    if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end('moved')
    else response.end('here')
  })
  const fetch = guarded({ allowHosts: ['a.example'] })
  const found = await fetch(`http://a.example:${port}/3`)
  expect([found.url, found.body.toString()]).toEqual([`http://a.example:${port}/0`, 'here'])
  await expect(fetch(`http://a.example:${port}/4`)).rejects.toThrow('More than 3 redirects')
  expect(requests).toHaveLength(8)
})

test('keys stay behind when a redirect leads to another origin, and go along on the same', async () => {
  const seen: Record<string, unknown>[] = []
  const { port } = await loopbackServer((request, response) => {
    const { authorization, cookie, accept } = request.headers
    seen.push({ authorization, cookie, key: request.headers['x-api-key'], accept })
    const targets: Record<string, string> = { '/1': '/2', '/2': `http://b.example:${port}/3` }
    const location = targets[request.url ?? '']
    response.writeHead(location ? 307 : 200, location ? { location } : {}).end()
  })
  const headers = { Authorization: 'Bearer k', Cookie: 'a=b', 'X-Api-Key': 'k', accept: 'text/*' }
  await guarded({ allowHosts: ['a.example', 'b.example'] })(`http://a.example:${port}/1`, {
    headers,
  })
  const all = { authorization: 'Bearer k', cookie: 'a=b', key: 'k', accept: 'text/*' }
  const bare = { authorization: undefined, cookie: undefined, key: undefined, accept: 'text/*' }
  expect(seen).toEqual([all, all, bare])
})

test('a caller cannot set Host or the framing of the request', async () => {
  let host: string | undefined
  const { port } = await loopbackServer((request, response) => {
    host = request.headers.host
    response.end()
  })
  const headers = { Host: 'internal', 'Content-Length': '99', 'Transfer-Encoding': 'chunked' }
  await guarded({ allowHosts: ['a.example'] })(`http://a.example:${port}/`, { headers })
  expect(host).toBe(`a.example:${port}`)
})

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['identity', (body: Buffer) => body],
])('a body that is sent as %s is read, and stopped at 5 MiB', async (coding, encode) => {
  const small = encode(Buffer.from('hello'))
  const bomb = encode(Buffer.alloc(64 * 2 ** 20))
  const { port } = await loopbackServer((request, response) => {
    response.setHeader('content-encoding', coding)
    response.end(request.url === '/bomb' ? bomb : small)
  })
  const fetch = guarded({ allowHosts: ['a.example'] })
  expect((await fetch(`http://a.example:${port}/`)).body.toString()).toBe('hello')
  await expect(fetch(`http://a.example:${port}/bomb`)).rejects.toThrow('larger than 5 MiB')
})

test.each(['gzip, gzip', 'zstd, gzip', 'compress'])('the coding %s is refused', async (coding) => {
  const { port } = await loopbackServer((_, response) => {
    response.writeHead(200, { 'content-encoding': coding }).end('x')
  })
  const fetch = guarded({ allowHosts: ['a.example'] })
  await expect(fetch(`http://a.example:${port}/`)).rejects.toThrow('which is not read')
})

test('a body that breaks off is a failure', async () => {
  const { port } = await loopbackServer((_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('only this')
    response.socket?.end()
  })
  const fetch = guarded({ allowHosts: ['a.example'] })
  await expect(fetch(`http://a.example:${port}/`)).rejects.toThrow('could not be reached')
})

test.each(['headers', 'body'])('a server that never ends its %s is given up', async (where) => {
  const { port } = await loopbackServer((_, response) => {
    if (where === 'body') response.writeHead(200).write('begins')
  })
  const fetch = guarded({ allowHosts: ['a.example'] })
  await expect(fetch(`http://a.example:${port}/`, { timeout: 50 })).rejects.toThrow('within 50 ms')
})

test('a cancelled request ends with the reason of its signal', async () => {
  const stop = new AbortController()
  const { port } = await loopbackServer(() => stop.abort(new Error('cancelled')))
  const fetch = guarded({ resolve: toLoopback, allowHosts: ['a.example'] })
  const answer = fetch(`http://a.example:${port}/`, { signal: stop.signal })
  await expect(answer).rejects.toThrow('cancelled')
})
