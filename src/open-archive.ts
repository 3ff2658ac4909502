import { type Archiver, createArchiver } from '#runtime/archiver.ts'
import type { Database } from '#store/database.ts'
import { createDeliveries } from '#store/deliveries.ts'
import { readFinishedTurn } from '#store/finished-turn.ts'
import { networkRules, type Resolve } from '#tools/guarded-connection.ts'
import { createArchiveEndpoint } from './archive-endpoint.ts'
import type { Config } from './config.ts'
import type { Logger } from './log.ts'

/** Begins to send finished turns, also those that an earlier process left; undefined when it is off. */
export function openArchive({
  config,
  database,
  resolve,
  log,
}: {
  config: Config
  database: Database
  resolve: Resolve
  log: Logger
}): Archiver | undefined {
  if (!config.archive) return undefined
  const archiver = createArchiver({
    rows: createDeliveries({ database }),
    read: (delivery) => readFinishedTurn(database, delivery),
    send: createArchiveEndpoint({
      ...config.archive,
      rules: networkRules({ resolve, allowHosts: [...config.allowHosts] }),
      version: config.version,
      now: Date.now,
    }),
    log,
  })
  archiver.start()
  return archiver
}
