import type { Database, DatabaseLocation } from './database.ts'

/** Opens the database and brings its tables up to date. */
export async function openDatabase(location: DatabaseLocation): Promise<Database> {
  if ('url' in location) {
    const { openPostgres } = await import('./postgres.ts')
    return openPostgres(location)
  }
  const { openEmbedded } = await import('./embedded.ts')
  return openEmbedded(location)
}
