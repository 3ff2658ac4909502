import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { startServer } from '../../src/server.ts'
import { parley } from './parley.ts'

/** A data directory of its own, and what a start with it needs. */
async function home() {
  const directory = await mkdtemp(join(tmpdir(), 'parley-keys-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const place = ['--data-dir', join(directory, 'data')]
  const examples = new URL('../../examples/assistant.yaml', import.meta.url).pathname
  async function start(flags: string[]) {
    const argv = [examples, ...place, '--log-level', 'error', '--no-titles', ...flags]
    const config = readConfig({ argv, environment: {}, directory })
    const server = await startServer(config)
    let isOpen = true
    const close = async () => {
      if (isOpen) await server.close()
      isOpen = false
    }
    onTestFinished(close)
    return { port: new URL(server.url).port, close }
  }
  return { place, start }
}

function ask(port: string, key?: string) {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  return fetch(`http://127.0.0.1:${port}/api/sessions`, { headers }).then(({ status }) => status)
}

test('a key is made before the server starts, listed, and revoked', async () => {
  const { place, start } = await home()
  const made = await parley(['keys', 'create', '--name', 'ci', '--owner', 'ci', ...place])
  expect(made).toMatchObject({ code: 0, errors: expect.stringContaining('owner ci  admin') })
  const key = made.output.trim()
  const server = await start(['--listen', '0.0.0.0:0'])
  expect([await ask(server.port), await ask(server.port, key)]).toEqual([401, 200])

  const held = await parley(['keys', 'list', ...place])
  expect(held.code).toBe(1)
  const url = ['--url', `http://127.0.0.1:${server.port}`, '--token', key]
  const listed = await parley(['keys', 'list', ...url])
  expect(listed.output).toMatch(
    /^key_[0-9a-z]{26} {2}ci {2}owner ci {2}admin {2}does not expire\n$/,
  )
  const second = await parley(['keys', 'create', '--scopes', 'read', '--owner', 'ci', ...url])
  expect(await ask(server.port, second.output.trim())).toBe(200)
  const id = listed.output.split(' ')[0] ?? ''
  expect(await parley(['keys', 'revoke', id, ...url])).toMatchObject({
    code: 0,
    output: `${id}: revoked\n`,
  })
  expect(await ask(server.port, key)).toBe(401)
  await server.close()
  expect(await parley(['keys', 'revoke', 'key_none', ...place])).toMatchObject({
    code: 1,
    errors: 'parley: there is no key key_none in the tenant default\n',
  })
})

test.each([
  [[], 'name what to do'],
  [['revoke'], 'name what to do'],
  [['create', 'it'], 'name what to do'],
  [['create', '--scopes', 'root'], '--scopes: there is no root'],
  [['create', '--expires-in', 'soon'], '--expires-in'],
])('keys %j is refused', async (args, message) => {
  const { code, errors } = await parley(['keys', ...args])
  expect(code).toBe(2)
  expect(errors).toContain(message)
})

const starts = [
  { address: '127.0.0.1:0', key: false, insecure: false, answers: 200 },
  { address: '127.0.0.1:0', key: false, insecure: true, answers: 200 },
  { address: '127.0.0.1:0', key: true, insecure: false, answers: 401 },
  { address: '127.0.0.1:0', key: true, insecure: true, answers: 200 },
  { address: '0.0.0.0:0', key: false, insecure: false, answers: 'refuses to start' },
  { address: '0.0.0.0:0', key: false, insecure: true, answers: 200 },
  { address: '0.0.0.0:0', key: true, insecure: false, answers: 401 },
  { address: '0.0.0.0:0', key: true, insecure: true, answers: 200 },
]

test.each(starts)(
  'on $address, key: $key, --insecure-no-auth: $insecure, nobody meets $answers',
  async ({ address, key, insecure, answers }) => {
    const { start } = await home()
    const flags = ['--listen', address, ...(insecure ? ['--insecure-no-auth'] : [])]
    const begin = () => start([...flags, ...(key ? ['--http-token', 'the-operators-key'] : [])])
    if (typeof answers === 'string') {
      await expect(begin()).rejects.toThrow('refusing to listen on')
      return
    }
    const { port } = await begin()
    expect(await ask(port)).toBe(answers)
    if (key) expect(await ask(port, 'the-operators-key')).toBe(200)
  },
)
