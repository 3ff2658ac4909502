import { expect, test } from 'vitest'
import type { NewKey } from '#contract/key.ts'
import { startApp } from '../support/app.ts'

const operator = 'the-operators-own-key'

test("another caller's session is not there", async () => {
  const { model, keyOf, ask } = await startWithKeys()
  const ada = await keyOf('ada')
  const bob = await keyOf('bob')
  model.push({ text: 'Hi' })
  const chat = await ask(ada, 'POST', '/api/agents/assistant/chat', { message: 'Hello' })
  const id = /"session_id":"([^"]+)"/.exec(await chat.text())?.[1]
  expect((await ask(ada, 'GET', `/api/sessions/${id}`)).status).toBe(200)
  const foreign = [
    await ask(bob, 'GET', `/api/sessions/${id}`),
    await ask(bob, 'DELETE', `/api/sessions/${id}`),
    await ask(bob, 'POST', `/api/sessions/${id}/chat`, { message: 'Hi' }),
  ]
  for (const response of foreign) {
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ error: `Session not found: ${id}` })
  }
  expect(await (await ask(bob, 'GET', '/api/sessions')).json()).toEqual([])
  expect(await (await ask(bob, 'GET', '/api/stats')).json()).toMatchObject({ session_count: 0 })
})

test('without a key nothing is answered, and a key does what its scopes say', async () => {
  const { keyOf, ask } = await startWithKeys()
  const nobody = await ask(undefined, 'GET', '/api/agents')
  expect([nobody.status, await nobody.json()]).toEqual([401, { error: expect.any(String) }])
  expect(nobody.headers.get('www-authenticate')).toMatch(/^Bearer/)
  const ada = await keyOf('ada')
  const tool = { name: 'my_tool', schema_json: '{}', python_code: 'def execute(args): pass' }
  const agent = { name: 'mine', system_prompt: 'x' }
  const refused = [
    await ask(ada, 'POST', '/api/agents/assistant/tools', tool),
    await ask(ada, 'POST', '/api/agents', agent),
  ]
  for (const response of refused) {
    expect([response.status, await response.json()]).toEqual([403, { error: expect.any(String) }])
  }
  const author = await keyOf('ada', ['agents:write'])
  expect((await ask(author, 'POST', '/api/agents', agent)).status).toBe(200)
})

test('too many requests are told in its own words, with the time to wait', async () => {
  const { url } = await startApp({ flags: ['--rate-limit', '60/2'] })
  const ask = () => fetch(`${url}/compat/appam/api/stats`)
  await ask()
  await ask()
  const refused = await ask()
  expect([refused.status, await refused.json()]).toEqual([429, { error: expect.any(String) }])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
})

async function startWithKeys() {
  const { url, client, model } = await startApp({
    flags: ['--http-token', operator],
    token: operator,
  })
  return {
    model,
    async keyOf(owner: string, scopes: NewKey['scopes'] = ['sessions', 'runs']) {
      const body = { name: 'test', owner, scopes }
      return (await client.POST('/api/keys', { body })).data?.key
    },
    ask: (key: string | undefined, method: string, path: string, body?: object) =>
      fetch(`${url}/compat/appam${path}`, {
        method,
        headers: {
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          'content-type': 'application/json',
        },
        ...(body && { body: JSON.stringify(body) }),
      }),
  }
}
