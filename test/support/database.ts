import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import postgres from 'postgres'
import type { Database } from '#store/database.ts'
import { openEmbedded } from '#store/embedded.ts'
import { openDataDirectory, templateFile } from '#store/embedded-directory.ts'
import { openDatabase } from '#store/open-database.ts'

export type TestDatabase = { database: Database; close(): Promise<void> }

/**
 * An empty database of its own, up to date: a new one on the server that TEST_DATABASE_URL names,
 * else an embedded one in memory.
 */
export async function openTestDatabase(): Promise<TestDatabase> {
  const server = testServer()
  if (server === undefined) {
    const database = await openEmbedded({ dataDirectory: null, image: await readImage() })
    return { database, close: () => database.close() }
  }
  const { url, drop } = await createTestDatabase(server)
  const database = await openDatabase({ url })
  return {
    database,
    async close() {
      await database.close()
      await drop()
    },
  }
}

/** The server that the suite runs on; undefined for the embedded database. */
export function testServer(): string | undefined {
  return process.env.TEST_DATABASE_URL
}

/** A database without tables on a server, for those who open it more than once. */
export async function createTestDatabase(
  server: string,
): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `parley_test_${randomBytes(8).toString('hex')}`
  await administer(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => administer(server, `drop database ${name} with (force)`) }
}

/** An embedded database that is up to date already, for a server that is started on it. */
export async function fillDataDirectory(path: string): Promise<void> {
  const { release } = await openDataDirectory({ path, image: await readImage() })
  await release()
}

/** A connection of the test's own, to look at what the servers do or to disturb them. */
export function createTestClient(url: string): postgres.Sql {
  return postgres(url, { max: 1, onnotice: () => {} })
}

async function administer(server: string, text: string): Promise<void> {
  const sql = createTestClient(server)
  try {
    await sql.unsafe(text)
  } finally {
    await sql.end()
  }
}

const migrations = new URL('../../migrations/', import.meta.url)
const cache = new URL('../../node_modules/.cache/parley/', import.meta.url)

// Migrating takes longer than loading the result; it is kept until a migration or the template
// changes.
async function readImage(): Promise<Uint8Array> {
  const file = new URL(`${await contentHash()}.tar`, cache)
  try {
    return await readFile(file)
  } catch {
    return makeImage(file)
  }
}

async function contentHash(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(templateFile))
  const names = await readdir(migrations)
  for (const name of names.filter((each) => each.endsWith('.sql')).sort()) {
    hash.update(name).update(await readFile(new URL(name, migrations)))
  }
  return hash.digest('hex').slice(0, 32)
}

async function makeImage(file: URL): Promise<Uint8Array> {
  const database = await openEmbedded({ dataDirectory: null })
  const image = await database.dumpImage()
  await database.close()
  await mkdir(cache, { recursive: true })
  // Several test files may make it at once: each writes its own, the last one stays.
  const unfinished = new URL(`${randomBytes(8).toString('hex')}.tmp`, cache)
  await writeFile(unfinished, image)
  await rename(unfinished, file)
  return image
}
