import type { Random } from '../support/random.ts'
import type { RawRequest } from './request.ts'

/** Something on a socket that a client of HTTP would not send. */
export function rawRequest(random: Random): RawRequest {
  const { pieces, after = 'wait', answers = 1 } = random.pick(classes)(random)
  return { kind: 'raw', pieces, after, answers }
}

type Sketch = { pieces: string[]; after?: RawRequest['after']; answers?: number }

const host = 'Host: localhost\r\nAuthorization: Bearer ${token}\r\n'
const close = 'Connection: close\r\n'
const json = 'Content-Type: application/json\r\n'
const ping = `GET /api/ping HTTP/1.1\r\n${host}`
const post = `POST /api/sessions HTTP/1.1\r\n${host}${json}`
const chunked = `${post}${close}Transfer-Encoding: chunked\r\n\r\n`

/** Each is a class of its own; what varies inside it comes from `random`. */
const classes: ((random: Random) => Sketch)[] = [
  (random) => ({ pieces: [bytes(random, 1 + random.below(200)), '\r\n\r\n'] }),
  (random) => ({
    pieces: [`${ping}X: ${'a'.repeat(16_000 + random.below(2000))}\r\n${close}\r\n`],
  }),
  (random) => ({
    pieces: [`${ping}${close}${'A: b\r\n'.repeat(1000 + random.below(3000))}\r\n`],
  }),
  (random) => ({
    pieces: [`GET /${'a'.repeat(15_000 + random.below(3000))} HTTP/1.1\r\n${host}${close}\r\n`],
  }),
  (random) => ({ pieces: [`GET ${random.pick(targets)} HTTP/1.1\r\n${host}${close}\r\n`] }),
  (random) => ({ pieces: [`${random.pick(methods)} /api/ping HTTP/1.1\r\n${host}${close}\r\n`] }),
  (random) => ({ pieces: [`GET /api/ping ${random.pick(versions)}\r\n${host}${close}\r\n`] }),
  (random) => ({ pieces: [`GET /api/ping HTTP/1.1\r\n${random.pick(hosts)}${close}\r\n`] }),
  (random) => ({ pieces: [`${ping}${close}${random.pick(oddHeaders)}\r\n`] }),
  (random) => ({ pieces: [`${post}${close}${random.pick(lengths)}\r\n{}`] }),
  (random) => ({ pieces: [chunked, random.pick(chunks)] }),
  // A body that is not over may be waited for, until the client says that nothing follows.
  (random) => ({ pieces: [chunked, random.pick(halfChunks)], after: 'end' }),
  (random) => halfRequest(random),
  // Requests behind each other; the last one asks to close.
  (random) => {
    const count = 2 + random.below(20)
    return { pieces: [`${ping}\r\n`.repeat(count - 1), `${ping}${close}\r\n`], answers: count }
  },
  // One byte in each packet.
  () => ({ pieces: [...`${ping}${close}\r\n`] }),
  // Requests that smuggle another one behind two lengths.
  () => ({
    pieces: [`${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${ping}\r\n`],
  }),
  (random) => ({
    pieces: [`${post}${close}Content-Length: 20\r\n\r\n{"title":"a`, bytes(random, 9)],
  }),
  // A refused body with a request behind it on the same connection.
  () => ({
    pieces: [`${post}Content-Length: 5\r\n\r\nwrong${ping}${close}\r\n`],
    answers: 2,
  }),
  () => ({ pieces: [`${post}Content-Length: 2000000\r\n\r\n`, ' '.repeat(100_000)], after: 'end' }),
]

/** Ends anywhere in a request that is right, and says that nothing follows. */
function halfRequest(random: Random): Sketch {
  const whole = `${post}${close}Content-Length: 13\r\n\r\n{"title":"a"}`
  return { pieces: [whole.slice(0, 1 + random.below(whole.length - 1))], after: 'end', answers: 0 }
}

function bytes(random: Random, count: number): string {
  return Array.from({ length: count }, () => String.fromCharCode(random.below(256))).join('')
}

const targets = [
  ...['*', 'http://localhost/api/ping', 'http://evil.example/api/ping', '//evil.example/api/ping'],
  ...['/api/ping#x', '/api/../api/ping', '/api/%2e%2e/api/ping', '/api//ping', '/api/ping/', '/%'],
  ...['/api/sessions/%00', '/api/sessions/%ff', '/api/sessions/%', '/api/sessions/%zz', '?', '/?'],
  ...[
    '/api/sessions?limit=1&limit=2',
    '/api/sessions?=&&=',
    '/api/sessions?limit',
    '\\\\api\\ping',
  ],
  ...['/api/sessions?metadata[a]=b', '/api/sessions/\xe4', '/\xff\xfe', 'api/ping', '[::1]', 'a:b'],
]
const methods = ['get', 'GETT', 'CONNECT', 'TRACE', 'BREW', 'PRI', '', 'G\0ET', 'OPTIONS', 'QUERY']
const versions = [
  'HTTP/0.9',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/9.9',
  'http/1.1',
  'HTTP/1.',
  '',
]
const hosts = [
  ...['', 'Host:\r\n', 'Host: evil.example\r\n', 'Host: localhost\r\nHost: evil.example\r\n'],
  ...['Host: localhost:99999\r\n', 'Host: lo cal\r\n', 'Host: \0\r\n', 'Host: [::1]:80\r\n'],
  ...['Host: user@localhost\r\n', 'Host: localhost/\r\n', `Host: ${'a'.repeat(5000)}\r\n`],
]
const oddHeaders = [
  ...['X\0Y: a\r\n', 'X: a\0b\r\n', ' X: a\r\n', 'X : a\r\n', 'X: a\r\n b\r\n', ': a\r\n', 'X\r\n'],
  ...[
    'X: a\nY: b\r\n',
    'X: \xff\xfe\r\n',
    '__proto__: a\r\n',
    'constructor: a\r\n',
    'Accept: a\r\n',
  ],
  ...['Accept: a/b\r\nAccept: */*\r\n', 'Expect: 100-continue\r\n', 'Expect: tea\r\n'],
  ...['Upgrade: websocket\r\nConnection: upgrade\r\n', 'Transfer-Encoding: gzip, chunked\r\n'],
  ...['X-Request-Id: a\r\nX-Request-Id: b\r\n', 'Origin: null\r\n', 'Cookie: a=b; a=c\r\n'],
]
const lengths = [
  ...[
    'Content-Length: 2\r\nContent-Length: 3\r\n',
    'Content-Length: -1\r\n',
    'Content-Length: 0x2\r\n',
  ],
  ...[
    'Content-Length: 2, 2\r\n',
    'Content-Length: 99999999999999999999\r\n',
    'Content-Length: a\r\n',
  ],
  ...['Content-Length: 1\r\n', 'Content-Length: 0\r\n', 'Content-Length: +2\r\n', '\r\n'],
]
const chunks = [
  ...[
    '2\r\n{}\r\n0\r\n\r\n',
    '2;a=b\r\n{}\r\n0\r\n\r\n',
    'zz\r\n{}\r\n',
    '-2\r\n{}\r\n',
    '2\r\n{}x\r\n0\r\n\r\n',
  ],
  ...['0\r\nX: a\r\n\r\n', `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`],
  ...[
    '2\n{}\n0\n\n',
    `${'0'.repeat(100)}2\r\n{}\r\n0\r\n\r\n`,
    '1\r\n{\r\n1\r\n}\r\n0\r\n\r\n',
    '0\r\n\r\n',
  ],
]
const halfChunks = ['ffffffffffffffff\r\n{}', '2\r\n{', '2\r\n{}\r\n', '2', '2;a']
