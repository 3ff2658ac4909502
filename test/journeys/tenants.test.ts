import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { startIdentityProvider } from '../support/identity-provider.ts'

async function startWithProvider(flags: string[] = []) {
  const provider = await startIdentityProvider()
  onTestFinished(() => provider.close().then(() => undefined))
  const app = await startApp({ flags: [...provider.flags, ...flags] })
  const statusOf = async (token: string, path = '/api/sessions') => {
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(`${app.url}${path}`, { headers })
    await response.body?.cancel()
    return response.status
  }
  return { app, provider, statusOf }
}

test('a token of the identity provider says who calls, and a wrong one does not', async () => {
  const { app, provider, statusOf } = await startWithProvider()
  const ada = await provider.person('red', 'ada')
  await app.as(ada).POST('/api/sessions', { body: { title: 'Mine' } })
  expect((await app.as(ada).GET('/api/sessions')).data.data).toHaveLength(1)
  const bob = await provider.person('red', 'bob')
  expect((await app.as(bob).GET('/api/sessions')).data.data).toEqual([])
  const admin = await provider.person('red', 'boss', 'admin')
  expect((await app.as(admin).GET('/api/sessions')).data.data).toHaveLength(1)
  const elsewhere = await provider.person('blue', 'boss', 'admin')
  expect((await app.as(elsewhere).GET('/api/sessions')).data.data).toEqual([])

  const claims = { sub: 'ada', org: 'red', scope: 'admin' }
  expect(await statusOf(await provider.sign(claims))).toBe(200)
  expect(await statusOf(await provider.sign(claims, { forged: true }))).toBe(401)
  expect(await statusOf(await provider.sign(claims, { audience: 'another' }))).toBe(401)
  expect(await statusOf(await provider.sign(claims, { issuer: 'https://evil.example' }))).toBe(401)
  expect(await statusOf(await provider.sign(claims, { expires: '1 minute ago' }))).toBe(401)
  expect(await statusOf(await provider.sign({ ...claims, org: undefined }))).toBe(401)
  expect(await statusOf(await provider.sign({ ...claims, sub: 'a\u0000b' }))).toBe(401)
  expect(await statusOf(await provider.sign({ sub: 'ada', org: 'red' }))).toBe(403)
  const [, payload = ''] = (await provider.sign(claims)).split('.')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  expect(await statusOf(`${none}.${payload}.`)).toBe(401)
  expect(await statusOf('a.b.c')).toBe(401)
})

test('a provider that is away is no reason to say that the token is wrong', async () => {
  const { provider, statusOf } = await startWithProvider()
  provider.breakDown()
  expect(await statusOf(await provider.person('red', 'ada'))).toBe(503)
})

test('an agent of one tenant is not there for another, and files are for both to read', async () => {
  const { app, provider } = await startWithProvider()
  const red = await provider.person('red', 'ada')
  const blue = await provider.person('blue', 'ada')
  const made = await app.as(red).POST('/api/agents', {
    body: { name: 'secret', system_prompt: 'Red alert' },
  })
  expect(made.data.name).toBe('secret')
  const named = async (key: string) =>
    (await app.as(key).GET('/api/agents')).data.map(({ name }) => name)
  expect(await named(red)).toEqual(['assistant', 'secret'])
  expect(await named(blue)).toEqual(['assistant'])
  const place = { params: { path: { agent: 'secret' } } }
  await expect(app.as(blue).GET('/api/agents/{agent}', place)).rejects.toMatchObject({
    status: 404,
  })
  await expect(
    app.as(blue).POST('/api/agents/{agent}/chat', { ...place, body: { message: 'Hi' } }),
  ).rejects.toMatchObject({ status: 404 })
  const own = { body: { name: 'secret', system_prompt: 'Blue sky' } }
  expect((await app.as(blue).POST('/api/agents', own)).data.config).toMatchObject({
    agents: { root: { instruction: 'Blue sky' } },
  })
})

test('a file that may be written is changed by the tenant of the operator only', async () => {
  const { app, provider } = await startWithProvider(['--agents-writable', 'mine'])
  const boss = app.as(await provider.person('default', 'boss'))
  const guest = app.as(await provider.person('red', 'ada'))
  await boss.POST('/api/agents', { body: { name: 'shared', system_prompt: 'Be brief' } })
  const place = { params: { path: { agent: 'shared' } }, body: { content: 'Be long' } }
  await expect(guest.PUT('/api/agents/{agent}/prompt', place)).rejects.toMatchObject({
    status: 409,
  })
  expect((await boss.PUT('/api/agents/{agent}/prompt', place)).data.content).toBe('Be long')
})

test('code is written by those who may write code', async () => {
  const { app, provider } = await startWithProvider(['--enable-code'])
  const author = app.as(await provider.person('red', 'ada', 'agents:write tools:write'))
  const config = {
    agents: {
      root: {
        toolsets: [
          {
            type: 'code' as const,
            javascript: [{ name: 'one', code: 'export function execute() { return 1 }' }],
          },
        ],
      },
    },
  }
  const made = { body: { name: 'coder', config } }
  await expect(author.POST('/api/agents', made)).rejects.toThrow('scope code:write')
  const coder = app.as(await provider.person('red', 'cy', 'agents:write code:write'))
  await coder.POST('/api/agents', made)
  const params = { path: { agent: 'coder', tool: 'one' } }
  const javascript_code = 'export function execute() { return 2 }'
  await expect(
    author.PUT('/api/agents/{agent}/tools/{tool}', { params, body: { javascript_code } }),
  ).rejects.toThrow('scope code:write')
  const described = { schema_json: '{"type":"object","description":"Gives one"}' }
  const { data } = await author.PUT('/api/agents/{agent}/tools/{tool}', { params, body: described })
  expect(data.description).toBe('Gives one')
})
