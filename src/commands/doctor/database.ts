import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { diagnosePostgres, type PostgresFacts } from '#store/diagnose.ts'
import { lockDirectory } from '#store/directory-lock.ts'
import type { DatabasePlace } from '../../config-parts.ts'
import type { Check, Finding } from './check.ts'

type Found = Omit<Finding, 'name'>

/** Milliseconds by which clocks may differ before somebody has to look. */
const clockTolerance = 5000
/** Connections that an instance opens: its pool, its listener, and one to spare. */
const connectionsOfOne = 12

/** Whether the database can be had, is up to date and tells instances of each other. */
export function checkDatabase(place: DatabasePlace): Check {
  return {
    name: 'database',
    look: () =>
      place.kind === 'postgres' ? lookAtPostgres(place.url) : lookAtDirectory(place.dataDirectory),
  }
}

async function lookAtPostgres(url: string): Promise<Found[]> {
  let facts: PostgresFacts
  try {
    facts = await diagnosePostgres(url)
  } catch (error) {
    return [refusal(error)]
  }
  return [
    {
      status: 'ok',
      detail: `Postgres ${facts.version}; a statement takes ${facts.milliseconds.toFixed(1)} ms`,
    },
    migrationFinding(facts),
    clockFinding(facts.clockDifference),
    notificationFinding(facts.notification),
    connectionFinding(facts.connections),
  ]
}

/** The driver's message names hosts and users, never the password. */
function refusal(error: unknown): Found {
  const detail = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const remedies: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there: check host and port of DATABASE_URL, and whether it runs',
    CONNECT_TIMEOUT: 'nothing answers there: check host, port and the firewall in between',
    ENOTFOUND: 'the host name of DATABASE_URL is not known here',
    '28P01': 'the password of DATABASE_URL is wrong',
    '28000': 'the server does not let this user in: check pg_hba.conf and sslmode',
    '3D000': 'create the database that DATABASE_URL names',
  }
  const remedy = remedies[code]
  return { status: 'failed', detail, ...(remedy !== undefined && { remedy }) }
}

function migrationFinding({ migrations, canMigrate }: PostgresFacts): Found {
  const { applied, pending } = migrations
  if (pending === 0) return { status: 'ok', detail: `all ${applied} migrations are applied` }
  const detail = `${pending} of ${applied + pending} migrations are to be applied`
  if (canMigrate) return { status: 'ok', detail: `${detail}; the next start does it` }
  const remedy = 'let this user create in the database, or start once as one who may'
  return { status: 'failed', detail: `${detail}, and this user may not`, remedy }
}

function clockFinding(difference: number): Found {
  const seconds = `${difference >= 0 ? '+' : '−'}${Math.abs(difference / 1000).toFixed(3)} s`
  const detail = `the database’s clock differs by ${seconds}`
  if (Math.abs(difference) <= clockTolerance) return { status: 'ok', detail }
  const remedy = 'let both keep time by NTP: leases follow the database’s clock, ids this one’s'
  return { status: 'warning', detail, remedy }
}

function notificationFinding(milliseconds: number | null): Found {
  if (milliseconds !== null) {
    return {
      status: 'ok',
      detail: `LISTEN works; a notification takes ${milliseconds.toFixed(1)} ms`,
    }
  }
  const remedy =
    'connect to Postgres itself or a pooler in session mode: with pooling by transaction instances hear of each other only by polling'
  return { status: 'warning', detail: 'LISTEN does not work here', remedy }
}

function connectionFinding({ used, most }: PostgresFacts['connections']): Found {
  const detail = `${used} of ${most} connections are used`
  if (most - used >= connectionsOfOne) return { status: 'ok', detail }
  const remedy = `an instance opens up to ${connectionsOfOne}: raise max_connections`
  return { status: 'warning', detail, remedy }
}

async function lookAtDirectory(path: string): Promise<Found[]> {
  const shown = `embedded database in ${path}`
  const directory = await existingDirectory(path)
  try {
    await access(directory, constants.W_OK)
  } catch {
    const remedy = 'let this user write there, or name another place with --data-dir'
    return [{ status: 'failed', detail: `${shown}: ${directory} cannot be written`, remedy }]
  }
  if (directory !== path) return [{ status: 'ok', detail: `${shown}, which the first start makes` }]
  try {
    const lock = await lockDirectory(await realpath(path))
    await lock.release()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const remedy = 'stop the other server, or let both use a Postgres (DATABASE_URL)'
    return [{ status: 'warning', detail: reason, remedy }]
  }
  const isMade = await stat(join(path, 'database')).then(
    () => true,
    () => false,
  )
  return [{ status: 'ok', detail: isMade ? shown : `${shown}, which the first start fills` }]
}

/** The nearest directory above a path that is there. */
async function existingDirectory(path: string): Promise<string> {
  const isThere = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  return isThere || dirname(path) === path ? path : existingDirectory(dirname(path))
}
