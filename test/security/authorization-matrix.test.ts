import { afterAll, expect, test } from 'vitest'
import { createClient } from '#client/index.ts'
import type { RequiredScope } from '#contract/access.ts'
import { verbScopes } from '#contract/key.ts'
import { type OperationId, operations } from '#contract/operations.ts'
import { checkedFetch } from '../support/contract.ts'
import { type Row, rows } from './authorization-rows.ts'
import { openWorld } from './authorization-world.ts'

const { app, provider, tokens, makeKey, world } = await openWorld()
afterAll(async () => {
  await provider.close()
})
const send = checkedFetch()
let asked = 0
const ids = Object.keys(operations) as OperationId[]

const expired = await makeKey(['admin'], 1)
const revoked = await makeKey(['admin'])
await app.as(tokens.boss).DELETE('/api/keys/{key}', { params: { path: { key: revoked.id } } })
const readOnly = await makeKey(['read'])

type Expected = 'admitted' | 401 | 403 | 404
type Asked = { id: OperationId; scope: RequiredScope; row: Row }

/** Who calls, and what the contract promises them. */
const principals: Record<
  string,
  { token?: (row: Row) => string | Promise<string>; expected(asked: Asked): Expected }
> = {
  nobody: { expected: refusedUnlessPublic },
  'a key that never was': { token: () => 'pk_wrong', expected: refusedUnlessPublic },
  'an expired key': { token: () => expired.key, expected: refusedUnlessPublic },
  'a revoked key': { token: () => revoked.key, expected: refusedUnlessPublic },
  'the owner': { token: () => tokens.ada, expected: () => 'admitted' },
  'an admin of the tenant': { token: () => tokens.boss, expected: () => 'admitted' },
  'an admin of another tenant': {
    token: () => tokens.elsewhere,
    expected: ({ row }) => (row.path ? 404 : 'admitted'),
  },
  'another owner of the tenant': {
    token: () => tokens.bob,
    expected: ({ row }) => (row.path && isPersonal(row.path) ? 404 : 'admitted'),
  },
  'a key that only reads': {
    token: () => readOnly.key,
    expected: ({ scope }) => (scope === 'read' || scope === 'public' ? 'admitted' : 403),
  },
  'a session token': {
    token: ({ path }) => makeToken(path?.session ?? world.session),
    expected: ofSessionToken,
  },
}

test('a key expires by itself', async () => {
  await expect.poll(() => statusWith(expired.key), { timeout: 10_000, interval: 100 }).toBe(401)
})

test.each(Object.entries(principals))(
  '%s meets at every operation what the contract says',
  async (_name, { token, expected }) => {
    const wrong: string[] = []
    for (const id of ids) {
      const row = await rows[id](world)
      const { 'x-required-scope': scope } = operations[id]
      const promised = expected({ id, scope, row })
      const status = await ask(id, row, await token?.(row))
      const isRight = promised === 'admitted' ? row.admitted.includes(status) : status === promised
      if (!isRight) wrong.push(`${id}: ${status} instead of ${promised} (${row.admitted})`)
    }
    expect(wrong).toEqual([])
  },
  120_000,
)

test('the matrix has a row for every operation and is as large as it says', () => {
  const size = `${ids.length} operations × ${Object.keys(principals).length} principals`
  console.log(`authorization matrix: ${size} = ${ids.length * Object.keys(principals).length}`)
  expect(Object.keys(rows).sort()).toEqual([...ids].sort())
})

function refusedUnlessPublic({ scope }: Asked): Expected {
  return scope === 'public' ? 'admitted' : 401
}

function ofSessionToken({ id, scope, row }: Asked): Expected {
  if (scope === 'public') return 'admitted'
  const isPlaced =
    row.path && ('session' in row.path || 'run' in row.path || 'approval' in row.path)
  const isCovered = Object.values<string>(verbScopes).includes(scope)
  return isPlaced && isCovered && id !== 'createSessionToken' ? 'admitted' : 403
}

/** Agents are the tenant's; the rest belongs to an owner. */
function isPersonal(path: Record<string, string>): boolean {
  return ['session', 'run', 'approval', 'key'].some((name) => name in path)
}

async function makeToken(session: string): Promise<string> {
  const { data } = await app.as(tokens.ada).POST('/api/sessions/{session}/tokens', {
    params: { path: { session } },
    body: { verbs: ['read', 'run', 'approve', 'edit'] },
  })
  return data.token
}

async function ask(id: OperationId, row: Row, token: string | undefined): Promise<number> {
  const { method, path } = operations[id]
  const place = path.replaceAll(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(row.path?.[name] ?? ''),
  )
  const response = await send(`${app.url}${place}`, {
    method: method.toUpperCase(),
    headers: {
      accept: 'application/json',
      // Many wrong keys of one address would have to wait.
      'x-forwarded-for': `10.0.${++asked >> 8}.${asked & 255}`,
      ...(row.body !== undefined && { 'content-type': 'application/json' }),
      ...row.headers,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(row.body !== undefined && { body: JSON.stringify(row.body) }),
  })
  await response.body?.cancel()
  if (response.status === 401) {
    expect(response.headers.get('www-authenticate')).toContain('Bearer realm="parley"')
  }
  return response.status
}

async function statusWith(token: string): Promise<number> {
  const client = createClient({ baseUrl: app.url, token })
  return client.GET('/api/sessions').then(
    ({ response }) => response.status,
    (error: { status: number }) => error.status,
  )
}
