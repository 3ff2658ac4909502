import type { Database } from './database.ts'
import { createDeadlines } from './deadlines.ts'
import { toProblem } from './failures.ts'
import { migrateDatabase } from './migrate.ts'
import { sendNotifications } from './notify.ts'
import { connectPostgres, preparedStatement } from './postgres-client.ts'
import { createListener } from './postgres-listener.ts'
import { createPool } from './postgres-pool.ts'
import { createTransactions } from './postgres-transactions.ts'
import { createStatements } from './statements.ts'
import { toText } from './wire.ts'

// Callers are answered within 5 s, whatever the database does.
const answerLimit = 4200

/** A pool on a Postgres server, 15 or newer. Throws when the server does not answer. */
export async function openPostgres({
  url,
  poolSize = 10,
}: {
  url: string
  poolSize?: number
}): Promise<Database> {
  await migrate(url)
  const deadlines = createDeadlines({ limit: answerLimit })
  const transactionCount = Math.max(1, Math.floor(poolSize / 3))
  const pool = createPool({ url, size: Math.max(1, poolSize - transactionCount), deadlines })
  const transactions = createTransactions({ url, size: transactionCount, deadlines })
  const statements = createStatements(pool.run)
  const listener = createListener({
    url,
    notify: (channel, payload) => sendNotifications(statements, channel, [payload]),
  })
  return {
    kind: 'postgres',
    query: statements.query,
    values: statements.values,
    transaction: transactions.run,
    listen: listener.listen,
    hears: listener.hears,
    hasOthers: listener.hasOthers,
    async ping() {
      await statements.query('select 1', [])
    },
    load() {
      const [one, other] = [pool.load(), transactions.load()]
      return { inUse: one.inUse + other.inUse, waiting: one.waiting + other.waiting }
    },
    async close() {
      await Promise.all([pool.close(), transactions.close(), listener.close()])
      deadlines.close()
    },
  }
}

async function migrate(url: string): Promise<void> {
  // A migration may take as long as it needs, while something is done.
  const client = connectPostgres({ url, statementTimeout: 0, idleTimeout: migrationPause })
  const statements = createStatements((text, parameters, shape) => {
    const query = client.unsafe(text, parameters.map(toText), preparedStatement)
    return meaningful<unknown[]>(shape === 'values' ? query.values() : query)
  })
  try {
    await migrateDatabase({
      query: statements.query,
      values: statements.values,
      execute: async (text) => void (await meaningful(client.unsafe(text).simple())),
      // Held by the connection: a process that dies lets go of it.
      lock: async () => void (await meaningful(client.unsafe(lockStatement))),
    })
  } finally {
    await client.end({ timeout: 1 })
  }
}

const migrationPause = 15_000

// A process that is stopped while it migrates does not keep the others from starting.
const lockStatement = `select set_config('idle_session_timeout', '${migrationPause}', false),
  pg_advisory_lock(hashtextextended('parley migrations', 0))`

async function meaningful<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw toProblem(error)
  }
}
