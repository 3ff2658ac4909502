import { execFile, spawnSync } from 'node:child_process'
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export type PostgresServer = {
  /** Of the database that others are made from. */
  url: string
  host: string
  port: number
  /** Ends every connection and process of the server at once, as a crash does, and starts it. */
  crash(): Promise<void>
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

const run = promisify(execFile)

/** A Postgres server of the rig's own, which can be crashed; undefined where none is installed. */
export async function openPostgresServer(): Promise<PostgresServer | undefined> {
  const binaries = await findBinaries()
  if (binaries === undefined) return undefined
  const directory = await mkdtemp(join(tmpdir(), 'parley-faults-postgres-'))
  const owner = await findOwner()
  if (owner) await chown(directory, owner.uid, owner.gid)
  const port = await findPort()
  const data = join(directory, 'data')
  // The server refuses to run as root.
  const as = owner ? ['runuser', '-u', 'postgres', '--'] : []
  const command = async (program: string, ...options: string[]) => {
    const [file = '', ...rest] = [...as, join(binaries, program), '--pgdata', data, ...options]
    await run(file, rest, { cwd: directory })
  }
  const settings = `-c listen_addresses=127.0.0.1 -p ${port} -k ${directory} -c max_connections=300`
  const start = () =>
    command('pg_ctl', '--log', join(directory, 'log'), '--wait', 'start', '--options', settings)
  const stop = () => command('pg_ctl', '--mode', 'immediate', 'stop')
  await command(
    'initdb',
    '--username',
    'parley',
    '--auth',
    'trust',
    '--encoding',
    'UTF8',
    '--no-sync',
  )
  await start()
  // A server in the background outlives a rig that is interrupted.
  const stopAtExit = () => {
    const [file = '', ...rest] = [...as, join(binaries, 'pg_ctl'), '--pgdata', data]
    spawnSync(file, [...rest, '--mode', 'immediate', 'stop'], { cwd: directory })
  }
  process.once('exit', stopAtExit)
  return {
    url: `postgres://parley@127.0.0.1:${port}/postgres`,
    host: '127.0.0.1',
    port,
    start,
    stop,
    async crash() {
      await stop()
      await start()
    },
    async close() {
      process.off('exit', stopAtExit)
      await stop().catch(() => undefined)
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function findBinaries(): Promise<string | undefined> {
  if (process.env.POSTGRES_BINARIES) return process.env.POSTGRES_BINARIES
  const versions = await readdir('/usr/lib/postgresql').catch(() => [])
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0]
  return newest === undefined ? undefined : join('/usr/lib/postgresql', newest, 'bin')
}

/** Who the server runs as; undefined: who runs the rig. */
async function findOwner(): Promise<{ uid: number; gid: number } | undefined> {
  if (userInfo().uid !== 0) return undefined
  const { stdout } = await run('id', ['-u', 'postgres'])
  const { stdout: group } = await run('id', ['-g', 'postgres'])
  return { uid: Number(stdout), gid: Number(group) }
}

async function findPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}
