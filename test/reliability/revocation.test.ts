import { afterAll, describe, expect, test } from 'vitest'
import { testServer } from '../support/database.ts'
import { startInstances } from '../support/instances.ts'

const agent = 'agents: { root: { model: scripted } }'
const server = testServer()

describe.skipIf(server === undefined)('two instances on one Postgres', async () => {
  if (server === undefined) return test('needs test/support/with-postgres.sh')
  const token = ['--http-token', 'the-operators-own-key']
  const { all, close } = await startInstances({
    names: ['a', 'b'],
    agent,
    flags: { a: () => token, b: () => token },
  })
  afterAll(close)
  const asked = (key: string, init: RequestInit = {}) => ({
    ...init,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  const operator = 'the-operators-own-key'

  test('a key that one instance revoked ends within 5 s on the other, with its streams', async () => {
    const body = JSON.stringify({ name: 'test', scopes: ['sessions'] })
    const made = await fetch(`${all.a.url}/api/keys`, asked(operator, { method: 'POST', body }))
    const { id, key } = await made.json()
    const session = await fetch(
      `${all.b.url}/api/sessions`,
      asked(key, { method: 'POST', body: '{}' }),
    )
    const events = `${all.b.url}/api/sessions/${(await session.json()).id}/events`
    const stream = await fetch(events, asked(key))
    expect(stream.status).toBe(200)
    const revoked = await fetch(
      `${all.a.url}/api/keys/${id}`,
      asked(operator, { method: 'DELETE' }),
    )
    expect(revoked.status).toBe(204)
    await Promise.race([
      stream.text(),
      new Promise((_, reject) => setTimeout(reject, 5000, new Error('The stream goes on'))),
    ])
    expect((await fetch(events, asked(key))).status).toBe(401)
  })
})
