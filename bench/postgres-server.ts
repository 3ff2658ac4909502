import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { freePort } from './free-port.ts'
import type { Processes } from './processes.ts'

/** A Postgres server to make databases on. */
export type PostgresServer = {
  version: string
  /** Makes an empty database and gives its URL. */
  createDatabase(): Promise<string>
  /** Runs one statement, in the maintenance database or in the one of `url`. */
  query(text: string, url?: string): Promise<Record<string, unknown>[]>
  /** Writes every statement to the log, or stops doing so; null when the log can't be read. */
  traceStatements: ((on: boolean) => Promise<void>) | null
  /** What stands in the log so far. */
  log(): string
  /** Drops the databases that were made and ends the server if the bench started it. */
  close(): Promise<void>
}

const PROGRAMS = '/usr/lib/postgresql'

/** A server of the bench's own, in `directory`, durable as in production. */
export async function startPostgres({
  directory,
  processes,
}: {
  directory: string
  processes: Processes
}): Promise<PostgresServer> {
  const programs = findPrograms()
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined
  const data = join(directory, 'postgres')
  mkdirSync(data)
  if (user) chownSync(data, user.uid, user.gid)
  const initdb = spawnSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'parley', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...user, encoding: 'utf8' },
  )
  if (initdb.status !== 0) throw new Error(`initdb failed: ${initdb.stderr}`)
  const port = await freePort()
  const server = await processes.start({
    name: 'postgres',
    place: 'others',
    command: [join(programs, 'postgres'), '-D', data, ...settings(port, data)],
    ...(user ? { user } : {}),
  })
  const url = `postgres://parley@127.0.0.1:${port}/postgres`
  await accepting(url, server.log)
  const connected = await connect(url)
  return {
    ...connected,
    async traceStatements(on) {
      await connected.query(`alter system set log_statement = '${on ? 'all' : 'none'}'`)
      await connected.query('select pg_reload_conf()')
      await pause(200)
    },
    log: () => readFileSync(join(directory, 'postgres.log'), 'utf8'),
    async close() {
      await connected.close()
      await server.stop('SIGINT', 20_000)
    },
  }
}

/** A server that somebody else runs; the role must be allowed to create databases. */
export async function usePostgres(url: string): Promise<PostgresServer> {
  return { ...(await connect(url)), traceStatements: null, log: () => '' }
}

type Connected = Pick<PostgresServer, 'version' | 'createDatabase' | 'query' | 'close'>

async function connect(url: string): Promise<Connected> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const [row] = await sql`show server_version`
  const made: string[] = []
  return {
    version: String(row?.server_version),
    async createDatabase() {
      const name = `parley_bench_${process.pid}_${made.length}`
      await sql.unsafe(`create database ${name}`)
      made.push(name)
      const database = new URL(url)
      database.pathname = `/${name}`
      return database.href
    },
    async query(text, database) {
      if (database === undefined) return [...(await sql.unsafe(text))]
      const other = postgres(database, { max: 1, onnotice: () => {} })
      const rows = await other.unsafe(text)
      await other.end()
      return [...rows]
    },
    async close() {
      for (const name of made) await sql.unsafe(`drop database if exists ${name} with (force)`)
      await sql.end()
    },
  }
}

function findPrograms(): string {
  const versions = existsSync(PROGRAMS) ? readdirSync(PROGRAMS) : []
  const [newest] = versions.sort((left, right) => Number(right) - Number(left))
  if (newest === undefined) {
    throw new Error(`No Postgres in ${PROGRAMS}: install one or give --database-url`)
  }
  return join(PROGRAMS, newest, 'bin')
}

/** Postgres refuses to run as root. */
function unprivilegedUser(): { uid: number; gid: number } {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name === 'postgres') return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('Postgres cannot run as root and there is no user postgres: use another user')
}

function settings(port: number, data: string): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: data,
    fsync: 'on',
    synchronous_commit: 'on',
    shared_buffers: '256MB',
    max_wal_size: '4GB',
    autovacuum_naptime: '10min',
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function accepting(url: string, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const sql = postgres(url, { max: 1, connect_timeout: 1, onnotice: () => {} })
    const answered = await sql`select 1`.then(
      () => true,
      () => false,
    )
    await sql.end()
    if (answered) return
    await pause(50)
  }
  throw new Error(`Postgres did not come up:\n${log()}`)
}
