import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { serveOptions } from '../../src/commands/options.ts'
import { readConfig } from '../../src/config.ts'

function read(argv: string[], environment: Record<string, string> = {}) {
  return readConfig({ argv, environment, directory: '/home/me' })
}

const registries = { pullInterval: undefined, insecure: [], trusted: false }

test('without flags it serves the examples on loopback with an embedded database', () => {
  const { sources, version, ...config } = read([])
  expect(sources).toEqual([expect.stringMatching(/examples$/)])
  expect(version).toMatch(/^\d+\.\d+\.\d+/)
  expect(config).toEqual({
    directory: '/home/me',
    standIn: undefined,
    httpToken: undefined,
    jwt: undefined,
    insecureNoAuth: false,
    corsOrigins: [],
    dialectsOff: [],
    dialectApprovals: 'deny',
    defaultAgent: undefined,
    workspace: '/home/me',
    allowHosts: [],
    enableShell: false,
    enableCode: false,
    registries: { ...registries, cacheDirectory: '/home/me/.parley/registry' },
    listen: { host: '127.0.0.1', port: 8080 },
    loopback: true,
    instanceName: `parley@${hostname()}`,
    database: { kind: 'embedded', dataDirectory: '/home/me/.parley' },
    traffic: { kind: 'live' },
    archive: undefined,
    compactAfter: 60,
    retention: { events: 30, sessions: 0 },
    runBudget: { seconds: 1800, tool_calls: 200 },
    limits: {
      body: 1_048_576,
      rate: { perMinute: 600, burst: 120 },
      isStandardRate: true,
      trustProxy: false,
      streams: { instance: 2000, key: 50 },
      keyRuns: 10,
      approvalTimeout: 86_400,
    },
    agentsWritable: undefined,
    peersFile: expect.stringMatching(/aegis-net\.toml$/),
    titles: true,
    logFormat: undefined,
    logLevel: 'info',
    metricsListen: undefined,
    tracing: undefined,
    pawan: { path: '/home/me/pawan.toml', named: false },
    environment: {},
  })
})

type Example = {
  text: string
  field: string
  value: unknown
  environment?: Record<string, string>
}

const values: Record<string, Example> = {
  'archive-url': {
    text: 'https://archive.example/turns',
    field: 'archive',
    value: { url: 'https://archive.example/turns', keys: [Buffer.from('a'.repeat(24))] },
    environment: { PARLEY_ARCHIVE_SECRET: 'a'.repeat(24) },
  },
  agent: { text: 'support', field: 'defaultAgent', value: 'support' },
  workspace: { text: 'work', field: 'workspace', value: '/home/me/work' },
  'allow-host': { text: 'db:81', field: 'allowHosts', value: ['db:81'] },
  fake: { text: 'f.yaml', field: 'traffic', value: { kind: 'fake', file: '/home/me/f.yaml' } },
  record: { text: 'r.yaml', field: 'traffic', value: { kind: 'record', file: '/home/me/r.yaml' } },
  'data-dir': {
    text: '/data',
    field: 'database',
    value: { kind: 'embedded', dataDirectory: '/data' },
  },
  'database-url': {
    text: 'postgres://u:p@h/d',
    field: 'database',
    value: { kind: 'postgres', url: 'postgres://u:p@h/d' },
  },
  'agents-writable': { text: 'mine', field: 'agentsWritable', value: '/home/me/mine' },
  peers: { text: 'p.toml', field: 'peersFile', value: '/home/me/p.toml' },
  'pull-interval': { text: '5', field: 'registries', value: { pullInterval: 5 } },
  'insecure-registry': { text: 'a:81', field: 'registries', value: { insecure: ['a:81'] } },
  'max-run-seconds': { text: '5', field: 'runBudget', value: { seconds: 5 } },
  'max-run-tool-calls': { text: '5', field: 'runBudget', value: { tool_calls: 5 } },
  'rate-limit': {
    text: '60/10',
    field: 'limits',
    value: { rate: { perMinute: 60, burst: 10 }, isStandardRate: false },
  },
  'max-body': { text: '5', field: 'limits', value: { body: 5 } },
  'max-streams': { text: '5', field: 'limits', value: { streams: { instance: 5 } } },
  'max-key-streams': { text: '5', field: 'limits', value: { streams: { key: 5 } } },
  'max-key-runs': { text: '5', field: 'limits', value: { keyRuns: 5 } },
  'approval-timeout': { text: '5', field: 'limits', value: { approvalTimeout: 5 } },
  'compact-after': { text: '5', field: 'compactAfter', value: 5 },
  'event-retention': { text: '7', field: 'retention', value: { events: 7, sessions: 0 } },
  'session-timeout': { text: '5', field: 'retention', value: { events: 30, sessions: 5 } },
  as: { text: 'kawai', field: 'standIn', value: { name: 'kawai' } },
  'no-dialect': { text: 'kawai', field: 'dialectsOff', value: ['kawai'] },
  'dialect-approvals': { text: 'wait', field: 'dialectApprovals', value: 'wait' },
  listen: { text: '[::1]:0', field: 'listen', value: { host: '::1', port: 0 } },
  'http-token': { text: 'secret', field: 'httpToken', value: 'secret' },
  'jwks-url': jwtExample('https://id.example/keys', { jwksUrl: 'https://id.example/keys' }),
  'jwt-audience': jwtExample('parley', { audience: 'parley' }),
  'jwt-issuer': jwtExample('https://id.example', { issuer: 'https://id.example' }),
  'jwt-tenant-claim': jwtExample('org', { tenantClaim: 'org' }),
  'jwt-subject-claim': jwtExample('email', { subjectClaim: 'email' }),
  'jwt-scopes-claim': jwtExample('roles', { scopesClaim: 'roles' }),
  'cors-origin': {
    text: 'https://app.example.org',
    field: 'corsOrigins',
    value: ['https://app.example.org'],
  },
  'instance-name': { text: 'one', field: 'instanceName', value: 'one' },
  'log-level': { text: 'debug', field: 'logLevel', value: 'debug' },
  'log-format': { text: 'text', field: 'logFormat', value: 'text' },
  'metrics-listen': {
    text: ':9464',
    field: 'metricsListen',
    value: { host: '127.0.0.1', port: 9464 },
  },
  config: {
    text: 'own.toml',
    field: 'pawan',
    value: { path: '/home/me/own.toml', named: true },
  },
}

function jwtExample(text: string, value: Record<string, string>) {
  const environment = { PARLEY_JWKS_URL: 'https://id.example/k', PARLEY_JWT_AUDIENCE: 'a' }
  return { text, field: 'jwt', value, environment }
}

test('an identity provider is asked for over TLS, and only for tokens that are meant for us', () => {
  const audience = ['--jwt-audience', 'parley']
  expect(() => read(['--jwks-url', 'http://id.example/keys', ...audience])).toThrow(
    '--jwks-url: expected an https URL',
  )
  expect(read(['--jwks-url', 'http://127.0.0.1:1/keys', ...audience]).jwt).toMatchObject({
    subjectClaim: 'sub',
    scopesClaim: 'scope',
  })
  expect(() => read(['--jwks-url', 'https://id.example/keys'])).toThrow('needs --jwt-audience')
  expect(() => read(audience)).toThrow('--jwt-audience says how tokens are read')
})

test.each(['app.example.org', 'https://app.example.org/', 'https://a.example/p', 'null', ''])(
  '--cors-origin=%s is refused',
  (origin) => {
    expect(() => read([`--cors-origin=${origin}`])).toThrow('--cors-origin')
  },
)

test.each(serveOptions.filter((option) => option.value))(
  '--$name is its variable, and wins over it',
  ({ name, variables }) => {
    const example = values[name] ?? { text: '', field: name, value: 'no example' }
    const { text, field, value, environment } = example
    expect(read([`--${name}`, text], environment)).toMatchObject({ [field]: value })
    for (const variable of variables) {
      expect(read([], { ...environment, [variable]: text })).toMatchObject({ [field]: value })
      const other = { ...environment, [variable]: 'other' }
      expect(read([`--${name}=${text}`], other)).toMatchObject({ [field]: value })
      expect(read([], { [variable]: '' })).toEqual({ ...read([]), environment: { [variable]: '' } })
    }
  },
)

test('switches are on as flags and by what variables say', () => {
  expect(read(['--no-titles']).titles).toBe(false)
  expect(read([], { PARLEY_NO_TITLES: '1' }).titles).toBe(false)
  expect(read([], { PARLEY_NO_TITLES: 'false' }).titles).toBe(true)
  expect(read(['--enable-shell']).enableShell).toBe(true)
  expect(read([], { PARLEY_ENABLE_SHELL: 'yes' }).enableShell).toBe(true)
  expect(read(['--enable-stdio']).registries.trusted).toBe(true)
  expect(() => read([], { PARLEY_NO_TITLES: 'maybe' })).toThrow(
    'PARLEY_NO_TITLES: "maybe" is neither true nor false',
  )
})

test.each([
  ['600', { perMinute: 600, burst: 120 }],
  ['1', { perMinute: 1, burst: 1 }],
  ['60/10', { perMinute: 60, burst: 10 }],
  ['0', null],
])('--rate-limit %s is read', (text, rate) => {
  expect(read(['--rate-limit', text]).limits.rate).toEqual(rate)
})

test.each(['ten', '10/', '10/0', '0/5', '1.5', '1e3', '9999999'])(
  '--rate-limit %s is refused with how to write it',
  (text) => {
    expect(() => read([`--rate-limit=${text}`])).toThrow('write 600, or 600/120')
  },
)

test.each(['max-body', 'max-streams', 'max-key-streams', 'max-key-runs', 'approval-timeout'])(
  '--%s 0 would let nobody in, and is refused',
  (name) => {
    expect(() => read([`--${name}`, '0'])).toThrow(`--${name}: must be 1 at least`)
  },
)

test.each([
  ['localhost:80', { host: 'localhost', port: 80 }],
  [':9000', { host: '127.0.0.1', port: 9000 }],
  ['9000', { host: '127.0.0.1', port: 9000 }],
  ['127.8.8.8:1', { host: '127.8.8.8', port: 1 }],
])('--listen %s listens on loopback', (text, listen) => {
  expect(read(['--listen', text])).toMatchObject({ listen, loopback: true })
})

test.each(['0.0.0.0:80', '[::]:80', '192.0.2.1:80', 'example.org:80', '[::ffff:192.0.2.1]:80'])(
  '--listen %s is for others too',
  (text) => {
    expect(read(['--listen', text]).loopback).toBe(false)
  },
)

test.each([
  '',
  'localhost',
  '1.2.3:80',
  '::1:80',
  '[nope]:80',
  'a b:80',
  ':65536',
  ':-1',
  'http://x:80',
])('--listen %j is no address', (text) => {
  expect(() => read([`--listen=${text}`])).toThrow(/^--listen/)
})

test('flags that exclude each other are refused', () => {
  expect(() => read(['--fake', 'a', '--record', 'b'])).toThrow('give one')
  expect(() => read(['--data-dir', 'a', '--database-url', 'postgres://h/d'])).toThrow('give one')
})

test('a data directory given as a flag wins over a database in the environment', () => {
  const environment = { DATABASE_URL: 'postgres://h/d' }
  expect(read(['--data-dir', 'd'], environment).database).toMatchObject({ kind: 'embedded' })
})

test.each([
  ['ftp://archive.example', undefined, '--archive-url: expected an http(s) URL'],
  ['https://me:hidden@archive.example', undefined, '--archive-url: expected an http(s) URL'],
  ['https://archive.example', undefined, '--archive-url needs a secret to sign with'],
  ['https://archive.example', 'too short', 'PARLEY_ARCHIVE_SECRET: each secret needs at least 24'],
  ['https://archive.example', 'whsec_???', 'what follows whsec_ must be base64'],
])('an archive at %s with the secret %s is refused', (url, secret, message) => {
  const environment: Record<string, string> = secret ? { PARLEY_ARCHIVE_SECRET: secret } : {}
  expect(() => read(['--archive-url', url], environment)).toThrow(message)
  expect(() => read(['--archive-url', url], environment)).not.toThrow(/hidden/)
})

test('a wrong database URL is refused without showing it', () => {
  expect(() => read([], { DATABASE_URL: 'mysql://me:secret@h/d' })).toThrow(
    'DATABASE_URL: expected postgres://user:password@host:5432/name',
  )
})

test('a dialect is turned off by its name, several times', () => {
  expect(read(['--no-dialect', 'ra', '--no-dialect=kawai']).dialectsOff).toEqual(['ra', 'kawai'])
  expect(read([], { PARLEY_NO_DIALECT: 'ra,openai' }).dialectsOff).toEqual(['ra', 'openai'])
})

test.each([
  [['--no-dialect', 'rah'], '--no-dialect: there is no "rah"; there are: '],
  [['--as', 'cagent', '--no-dialect', 'cagent'], 'cagent has the root of the server'],
  [['--as', 'openai'], '--as: there is no "openai"; there are: appam, cagent, kawai, pawan, ra'],
])('%j is refused', (flags, message) => {
  expect(() => read(flags)).toThrow(message)
})

test.each([
  ['appam', 3000],
  ['cagent', 8080],
  ['kawai', 8000],
  ['pawan', 3300],
  ['ra', 3000],
])('as %s it listens on that server’s own port unless another one is given', (name, port) => {
  expect(read(['--as', name]).listen).toEqual({ host: '127.0.0.1', port })
  expect(read(['--as', name, '--listen', ':9']).listen.port).toBe(9)
})

test('what pawan reads its port and its name from is honoured, a port that is none is not', () => {
  const own = { PAWAN_API_PORT: '3301', PAWAN_AGENT_ID: 'pawan@here' }
  expect(read(['--as', 'pawan'], own).listen.port).toBe(3301)
  expect(read(['--as', 'pawan', '--listen', ':9'], own).listen.port).toBe(9)
  expect(read(['--as', 'pawan'], { PAWAN_API_PORT: '70000' }).listen.port).toBe(3300)
  expect(read(['--as', 'pawan'], { PAWAN_API_PORT: 'none' }).listen.port).toBe(3300)
  expect(read([], own).listen.port).toBe(8080)
  expect(read([], own).instanceName).toBe('pawan@here')
})

test('hosts come several times as flags and with commas in the variable', () => {
  expect(read(['--allow-host', 'a', '--allow-host=b:1']).allowHosts).toEqual(['a', 'b:1'])
  expect(read([], { PARLEY_ALLOW_HOST: 'a, b:1' }).allowHosts).toEqual(['a', 'b:1'])
})

test('the configuration cannot be changed', () => {
  expect(Object.isFrozen(read([]))).toBe(true)
})
