import { randomBytes } from 'node:crypto'
import { createClient } from '#client/index.ts'
import { KeyScope } from '#contract/access.ts'
import { type ApiKey, Owner } from '#contract/key.ts'
import { writeKey } from '#http/credential-text.ts'
import { createIds } from '#store/ids.ts'
import { createKeys } from '#store/keys.ts'
import { openDatabase } from '#store/open-database.ts'
import { readDatabase } from '../config-parts.ts'
import { lastOf, readSeconds, type Settings, withVariables } from '../settings.ts'
import { readArguments } from './arguments.ts'
import { exitCodes, UsageError } from './failure.ts'
import { keyOptions } from './key-options.ts'
import type { World } from './world.ts'

type Wanted = { name: string; scopes: KeyScope[]; owner: string; expires_in?: number }

type Keys = {
  create(key: Wanted): Promise<ApiKey & { key: string }>
  list(): Promise<ApiKey[]>
  revoke(id: string): Promise<void>
  close(): Promise<void>
}

/**
 * Makes, lists and revokes keys: in the database itself, or with `--url` and a key of a server that
 * runs, which holds the embedded database.
 */
export async function keys(argv: readonly string[], world: World): Promise<number> {
  const { positionals, given } = readArguments(argv, keyOptions)
  const settings = withVariables(given, world.environment, keyOptions)
  const [act, id, ...rest] = positionals
  if (!isRight(act, id, rest)) throw new UsageError(`${usage}; parley keys --help says more`)
  const wanted = act === 'create' ? readKey(settings) : undefined
  const place = await openKeys(settings, given, world)
  try {
    if (wanted) await create(place, wanted, world)
    else if (act === 'list') for (const key of await place.list()) world.write(describe(key))
    else if (id !== undefined) {
      await place.revoke(id)
      world.write(`${id}: revoked`)
    }
  } finally {
    await place.close()
  }
  return exitCodes.ok
}

const usage = 'name what to do: parley keys create | list | revoke ID'

function isRight(act: string | undefined, id: string | undefined, rest: string[]): boolean {
  if (rest.length > 0) return false
  return act === 'revoke' ? id !== undefined : id === undefined && /^(create|list)$/.test(act ?? '')
}

/** The key alone on stdout, for pipes; the rest is for people. */
async function create(place: Keys, wanted: Wanted, world: World): Promise<void> {
  const { key, ...made } = await place.create(wanted)
  world.writeError(`${describe(made)}; it is shown once:`)
  world.write(key)
}

function readKey(settings: Settings): Wanted {
  const scopes = (settings.get('scopes')?.values ?? ['admin']).flatMap((text) => text.split(','))
  const expiresIn = readSeconds(settings.get('expires-in'), 0)
  return {
    name: lastOf(settings.get('name')) ?? 'parley keys',
    scopes: scopes.map(readScope),
    owner: readOwner('owner', lastOf(settings.get('owner')) ?? 'local'),
    ...(expiresIn > 0 && { expires_in: expiresIn }),
  }
}

function readScope(text: string): KeyScope {
  const scope = KeyScope.safeParse(text.trim())
  if (scope.success) return scope.data
  throw new UsageError(`--scopes: there is no ${text}; there are ${KeyScope.options.join(', ')}`)
}

function readOwner(flag: string, text: string): string {
  const owner = Owner.safeParse(text)
  if (owner.success) return owner.data
  throw new UsageError(`--${flag}: must be 1 to 200 printable characters`)
}

async function openKeys(settings: Settings, flags: Settings, world: World): Promise<Keys> {
  const url = lastOf(settings.get('url'))
  if (url !== undefined) return openRemote(url, lastOf(settings.get('token')))
  return openLocal(settings, flags, world)
}

async function openLocal(settings: Settings, flags: Settings, world: World): Promise<Keys> {
  const place = readDatabase(settings, flags, world.directory)
  const database = await openDatabase(
    place.kind === 'postgres' ? { url: place.url } : { dataDirectory: place.dataDirectory },
  )
  const ids = createIds({ now: Date.now, random: randomBytes })
  const stored = createKeys({ database, ids })
  const tenant = readOwner('tenant', lastOf(settings.get('tenant')) ?? 'default')
  const scope = { tenant, owner: null }
  return {
    async create({ name, scopes, owner, expires_in: expiresIn = null }) {
      const id = ids.next('key')
      const { text: key, digest } = writeKey(id, randomBytes(32))
      const wanted = { id, digest, name, owner, scopes, expiresIn, actor }
      return { ...(await stored.create(scope, wanted)), key }
    },
    list: () => readAll((cursor) => stored.list(scope, { limit: 500, cursor, order: 'desc' })),
    async revoke(id) {
      if (!(await stored.revoke(scope, { id, actor }))) {
        throw new Error(`there is no key ${id} in the tenant ${tenant}`)
      }
    },
    close: database.close,
  }
}

/** Who did it, as the audit has it. */
const actor = 'parley keys'

function openRemote(url: string, token: string | undefined): Keys {
  const client = createClient({ baseUrl: url, ...(token !== undefined && { token }) })
  return {
    create: async (body) => (await client.POST('/api/keys', { body })).data,
    list: () =>
      readAll(async (cursor) => {
        const query = { limit: 500, ...(cursor !== null && { cursor }) }
        return (await client.GET('/api/keys', { params: { query } })).data
      }),
    async revoke(key) {
      await client.DELETE('/api/keys/{key}', { params: { path: { key } } })
    },
    close: async () => {},
  }
}

async function readAll(
  read: (cursor: string | null) => Promise<{ data: ApiKey[]; next_cursor: string | null }>,
): Promise<ApiKey[]> {
  const all: ApiKey[] = []
  let cursor: string | null = null
  do {
    const page: { data: ApiKey[]; next_cursor: string | null } = await read(cursor)
    all.push(...page.data)
    cursor = page.next_cursor
  } while (cursor !== null)
  return all
}

function describe({ id, name, owner, scopes, expires_at, revoked_at }: ApiKey): string {
  const end = revoked_at
    ? `revoked ${revoked_at}`
    : expires_at
      ? `until ${expires_at}`
      : 'does not expire'
  return [id, name, `owner ${owner}`, scopes.join(','), end].join('  ')
}
