import type { Database } from './database.ts'
import { type Connection, openConnection } from './embedded-connection.ts'
import { openDataDirectory } from './embedded-directory.ts'
import { createTurns } from './embedded-turns.ts'
import { migrateDatabase } from './migrate.ts'
import { createStatements } from './statements.ts'
import { runTransaction } from './transaction.ts'

export type EmbeddedDatabase = Database & {
  /** All of it as a tar archive, to open others with. */
  dumpImage(): Promise<Uint8Array>
}

/** Postgres inside this process, for one process. It survives being killed, not a power loss. */
export async function openEmbedded({
  dataDirectory,
  image,
  onFatal = () => {},
}: {
  dataDirectory: string | null
  image?: Uint8Array
  onFatal?: (error: Error) => void
}): Promise<EmbeddedDatabase> {
  const directory = await openDataDirectory({ path: dataDirectory, image })
  try {
    const connection = await openConnection({ ...directory, onFatal })
    await migrate(connection)
    return createDatabase({ connection, release: directory.release })
  } catch (error) {
    await directory.release()
    throw error
  }
}

// Nobody else is there: the directory is locked.
function migrate({ run, execute }: Connection): Promise<void> {
  const statements = createStatements(run)
  return migrateDatabase({ ...statements, execute, lock: async () => {} })
}

function createDatabase({
  connection,
  release,
}: {
  connection: Connection
  release: () => Promise<void>
}): EmbeddedDatabase {
  const turns = createTurns({ limit: 4000 })
  const statements = createStatements((...statement) =>
    turns.take(() => connection.run(...statement)),
  )
  return {
    kind: 'embedded',
    query: statements.query,
    values: statements.values,
    transaction: (work) => turns.take(() => runTransaction({ run: connection.run, work })),
    async listen(channel, onMessage, onListen) {
      const stop = await turns.take(() => connection.listen(channel, onMessage))
      onListen?.()
      return () => turns.take(stop)
    },
    hears: () => true,
    hasOthers: () => false,
    async ping() {
      await statements.query('select 1', [])
    },
    load: turns.load,
    dumpImage: () => turns.take(() => connection.dump()),
    async close() {
      await turns.close()
      await connection.close()
      await release()
    },
  }
}
