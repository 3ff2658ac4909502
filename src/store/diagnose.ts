import { randomBytes } from 'node:crypto'
import { migrationState } from './migrate.ts'
import { connectPostgres, preparedStatement } from './postgres-client.ts'
import { createStatements } from './statements.ts'
import { toText } from './wire.ts'

export type PostgresFacts = {
  /** As the server says it. */
  version: string
  milliseconds: number
  /** Milliseconds that the database's clock is ahead of this machine's, as well as can be told. */
  clockDifference: number
  migrations: { applied: number; pending: number }
  /** Whether this user may make and change tables, which a start with pending migrations needs. */
  canMigrate: boolean
  /** Milliseconds until a notification came back; null: none did. */
  notification: number | null
  connections: { used: number; most: number }
}

const notificationPatience = 2000

/** Looks at a Postgres server without changing anything. Throws what keeps it from connecting. */
export async function diagnosePostgres(url: string): Promise<PostgresFacts> {
  const heard = Promise.withResolvers<void>()
  const channel = `parley_doctor_${randomBytes(6).toString('hex')}`
  const client = connectPostgres({
    url,
    statementTimeout: 3500,
    onnotify: (from) => from === channel && heard.resolve(),
  })
  const statements = createStatements((text, parameters, shape) => {
    const query = client.unsafe(text, parameters.map(toText), preparedStatement)
    // Which of the two it is follows from the shape, as in `createPool`.
    return Promise.resolve<unknown[]>(shape === 'values' ? query.values() : query)
  })
  try {
    // The first one connects; the second tells how long a statement takes.
    await statements.query('select 1', [])
    const asked = Date.now()
    const began = performance.now()
    const [facts] = await statements.query<Facts>(factsStatement, [])
    const milliseconds = performance.now() - began
    if (!facts) throw new Error('the database answered without a row')
    const migrations = await migrationState(statements)
    await client.unsafe(`listen ${channel}`)
    const sent = performance.now()
    await statements.query('select pg_notify($1, $2)', [channel, ''])
    const isHeard = await within(notificationPatience, heard.promise)
    return {
      version: facts.version,
      milliseconds,
      clockDifference: facts.time - (asked + milliseconds / 2),
      migrations,
      canMigrate: facts.canMigrate,
      notification: isHeard ? performance.now() - sent : null,
      connections: { used: facts.used, most: facts.most },
    }
  } finally {
    await client.end({ timeout: 1 })
  }
}

type Facts = {
  version: string
  time: number
  canMigrate: boolean
  used: number
  most: number
}

const factsStatement = `
select current_setting('server_version') as version,
  (extract(epoch from clock_timestamp()) * 1000)::double precision as time,
  has_database_privilege(current_database(), 'CREATE') as "canMigrate",
  (select count(*) from pg_stat_activity where backend_type = 'client backend') as used,
  current_setting('max_connections')::int as most`

async function within(milliseconds: number, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  const isHere = await Promise.race([promise.then(() => true), late])
  clearTimeout(timer)
  return isHere
}
