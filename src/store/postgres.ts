import postgres from 'postgres'
import type { Database, Statements } from './database.ts'
import { createDeadlines, type Deadlines } from './deadlines.ts'
import { toProblem, unavailable } from './failures.ts'
import { migrateDatabase } from './migrate.ts'
import { createStatements } from './orm.ts'
import { parsers, toText } from './wire.ts'

// Callers are answered within 5 s, whatever the database does.
const answerLimit = 4000

/** A pool on a Postgres server, 15 or newer. Throws when the server does not answer. */
export async function openPostgres({
  url,
  poolSize = 10,
}: {
  url: string
  poolSize?: number
}): Promise<Database> {
  await migrate(url)
  const sql = connect({ url, poolSize })
  const deadlines = createDeadlines({ limit: answerLimit })
  const statements = statementsOn({ sql, deadlines })
  return {
    kind: 'postgres',
    query: statements.query,
    orm: statements.orm,
    transaction: (work) => transact({ sql, deadlines, work }),
    async listen(channel, onMessage, onListen) {
      const { unlisten } = await meaningful(sql.listen(channel, onMessage, onListen))
      return () => meaningful(unlisten())
    },
    async ping() {
      await statements.query('select 1', [])
    },
    async close() {
      await sql.end({ timeout: 2 })
      deadlines.close()
    },
  }
}

async function migrate(url: string): Promise<void> {
  // A migration may take as long as it needs.
  const sql = connect({ url, statementTimeout: 0 })
  const statements = createStatements((text, parameters) =>
    meaningful(sql.unsafe(text, parameters.map(toText), preparedStatement)),
  )
  try {
    await migrateDatabase({
      query: statements.query,
      orm: statements.orm,
      execute: async (text) => void (await meaningful(sql.unsafe(text).simple())),
      // Held by the connection: a process that dies lets go of it.
      lock: async () => void (await meaningful(sql.unsafe(lockStatement))),
    })
  } finally {
    await sql.end({ timeout: 2 })
  }
}

const lockStatement = `select pg_advisory_lock(hashtextextended('parley migrations', 0))`

type Client = ReturnType<typeof connect>
type Runner = Pick<Client, 'unsafe'>

function connect({
  url,
  poolSize = 1,
  statementTimeout = answerLimit,
}: {
  url: string
  poolSize?: number
  statementTimeout?: number
}) {
  return postgres(url, {
    max: poolSize,
    connect_timeout: 3,
    // Its default grows to 20 s; a database that is back must be used at once.
    backoff: () => 0.1 + Math.random() * 0.2,
    fetch_types: false,
    types: textTypes(),
    connection: {
      application_name: 'parley',
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      statement_timeout: statementTimeout,
      idle_in_transaction_session_timeout: 15_000,
    },
    onnotice: () => {},
  })
}

// Parameters are text already: the driver's own serializers would encode JSON twice.
function textTypes() {
  return Object.fromEntries(
    Object.entries(parsers).map(([oid, parse]) => [
      `type${oid}`,
      { to: Number(oid), from: [Number(oid)], serialize: String, parse },
    ]),
  )
}

function statementsOn({ sql, deadlines }: { sql: Runner; deadlines: Deadlines }): Statements {
  return createStatements((text, parameters, shape) => {
    const statement = sql.unsafe(text, parameters.map(toText), preparedStatement)
    return answer({ statement: shape === 'values' ? statement.values() : statement, deadlines })
  })
}

// Without `simple` the driver sends a text that has no parameters unprepared.
const preparedStatement = { prepare: true, simple: false }

function answer({
  statement,
  deadlines,
}: {
  statement: Promise<unknown[]> & { cancel(): unknown }
  deadlines: Deadlines
}): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const stop = deadlines.start(() => {
      reject(unavailable())
      // Not sent yet: it never will be. Sent: the server is asked to stop, if it can hear us.
      Promise.resolve(statement.cancel()).catch(() => {})
    })
    statement.then(
      (rows) => {
        stop()
        resolve(rows)
      },
      (error) => {
        stop()
        reject(toProblem(error))
      },
    )
  })
}

function transact<T>({
  sql,
  deadlines,
  work,
}: {
  sql: Client
  deadlines: Deadlines
  work: (tx: Statements) => Promise<T>
}): Promise<T> {
  return new Promise((resolve, reject) => {
    let late = false
    const giveUp = () => {
      late = true
      reject(unavailable())
    }
    let stop = deadlines.start(giveUp)
    sql
      .begin(async (tx) => {
        stop()
        if (late) throw unavailable()
        const result = await work(statementsOn({ sql: tx, deadlines }))
        // From here on it is the commit that may hang.
        stop = deadlines.start(giveUp)
        return { result }
      })
      .then(
        ({ result }) => resolve(result),
        (error) => reject(toProblem(error)),
      )
      .finally(() => stop())
  })
}

async function meaningful<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw toProblem(error)
  }
}
