import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type { Statements } from './database.ts'

/** One connection that nothing else uses, for as long as the migration takes. */
export type MigrationSession = Statements & {
  /** Runs one statement of a migration, unprepared. */
  execute(text: string): Promise<void>
  /** Keeps other instances from migrating until the session ends. */
  lock(): Promise<void>
}

/**
 * Applies the migrations that the database lacks, all or none. A database that is newer than this
 * program is left as it is: during a rolling update both versions serve.
 */
export async function migrateDatabase(session: MigrationSession): Promise<void> {
  const wanted = readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0
  if ((await appliedMigration(session)) >= wanted) return
  // Loaded only for this: most starts find a database that is up to date.
  const { migrate } = await import('drizzle-orm/pg-proxy/migrator')
  const { createOrm } = await import('./orm.ts')
  await session.lock()
  await session.execute('begin')
  const executeAll = async (texts: string[]) => {
    for (const text of texts) await session.execute(text)
  }
  await migrate(createOrm(session), executeAll, { migrationsFolder })
  await session.execute('commit')
}

/** How many migrations a database has, of those that this program knows, and how many it lacks. */
export async function migrationState(
  statements: Statements,
): Promise<{ applied: number; pending: number }> {
  const newest = await appliedMigration(statements)
  const known = readMigrationFiles({ migrationsFolder })
  const applied = known.filter(({ folderMillis }) => folderMillis <= newest).length
  return { applied, pending: known.length - applied }
}

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))

/** When the newest migration was made that the database has; 0 for an empty one. */
async function appliedMigration({ query }: Statements): Promise<number> {
  const [state] = await query<{ version: number; migrated: boolean }>(
    `select current_setting('server_version_num')::int as version,
      to_regclass('drizzle.__drizzle_migrations') is not null as migrated`,
    [],
  )
  if (state === undefined || state.version < 150_000) {
    throw new Error('Postgres 15 or newer is needed; upgrade the server that DATABASE_URL names')
  }
  if (!state.migrated) return 0
  const [newest] = await query<{ millis: number | null }>(
    'select max(created_at)::double precision as millis from drizzle.__drizzle_migrations',
    [],
  )
  return newest?.millis ?? 0
}
