import postgres from 'postgres'
import { parsers } from './wire.ts'

export type Client = ReturnType<typeof connectPostgres>

/**
 * A process that is stopped inside a transaction keeps its locks. Others wait for them as long as
 * for any statement, which is longer than this: they get through instead of giving up.
 */
const longestPause = 2500

/** Connections that are opened when they are needed, and again when they were lost. */
export function connectPostgres({
  url,
  size = 1,
  statementTimeout,
  idleTimeout = longestPause,
  onclose = () => {},
  onnotify,
}: {
  url: string
  size?: number
  /** Milliseconds after which the server gives up; 0 is never. */
  statementTimeout: number
  /** Milliseconds after which the server ends a connection that pauses inside a transaction. */
  idleTimeout?: number
  /** Called in the moment in which a connection is lost. */
  onclose?: () => void
  /** Called for each notification; its connection is kept for as long as it lasts. */
  onnotify?: (channel: string, payload: string) => void
}) {
  return postgres(url, {
    max: size,
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
      idle_in_transaction_session_timeout: idleTimeout,
    },
    onnotice: () => {},
    onclose,
    ...(onnotify && { onnotify, max_lifetime: null }),
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

/** For `unsafe`: without `simple` the driver sends a text that has no parameters unprepared. */
export const preparedStatement = { prepare: true, simple: false }
