import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { constants, zstdDecompress } from 'node:zlib'
import { lockDirectory } from './directory-lock.ts'

/** Where an embedded database is, locked against other processes. */
export type DataDirectory = {
  /** null: in memory, made from `image`. */
  path: string | null
  image: Uint8Array | null
  release(): Promise<void>
}

/** Makes the directory when it is not there yet: from the image, else from the empty template. */
export async function openDataDirectory({
  path,
  image,
}: {
  path: string | null
  image?: Uint8Array | undefined
}): Promise<DataDirectory> {
  if (path === null) {
    return { path: null, image: image ?? (await readTemplate()), release: async () => {} }
  }
  await mkdir(path, { recursive: true, mode: 0o700 })
  const directory = await realpath(path)
  const { release } = await lockDirectory(directory)
  try {
    const database = join(directory, 'database')
    if (!(await exists(database))) await fill({ directory, database, image })
    await checkVersion(database)
    return { path: database, image: null, release }
  } catch (error) {
    await release()
    throw error
  }
}

export const templateFile = new URL('embedded-template.tar.zst', import.meta.url)

/** The template's window is wide, so that its three equal databases are packed as one. */
export const templateWindowLog = 27

async function readTemplate(): Promise<Uint8Array> {
  const packed = await readFile(templateFile)
  return promisify(zstdDecompress)(packed, {
    params: { [constants.ZSTD_d_windowLogMax]: templateWindowLog },
  })
}

// A process that dies here leaves a directory that the next one throws away: only the rename makes
// it the database.
async function fill({
  directory,
  database,
  image,
}: {
  directory: string
  database: string
  image: Uint8Array | undefined
}): Promise<void> {
  const unfinished = join(directory, 'database.new')
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  unpack({ archive: image ?? (await readTemplate()), directory: unfinished })
  await rename(unfinished, database)
}

/** The files and directories of a tar archive with short names, as PGlite writes it. */
// A thousand small files one after the other: without the thread pool that takes a third of the time.
function unpack({ archive, directory }: { archive: Uint8Array; directory: string }) {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength)
  const text = (start: number, end: number) =>
    bytes.toString('utf8', start, end).split('\0', 1)[0] ?? ''
  const made = new Set<string>()
  const make = (path: string) => {
    if (made.has(path)) return
    mkdirSync(path, { recursive: true, mode: 0o700 })
    made.add(path)
  }
  let at = 0
  while (at + 512 <= bytes.length && bytes[at] !== 0) {
    const path = join(directory, text(at, at + 100))
    const size = Number.parseInt(text(at + 124, at + 136), 8) || 0
    if (text(at + 156, at + 157) === '5') {
      make(path)
    } else {
      make(dirname(path))
      writeFileSync(path, bytes.subarray(at + 512, at + 512 + size), { mode: 0o600 })
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
}

// PGlite of another major version cannot read the files, and says so only in its own words.
async function checkVersion(database: string): Promise<void> {
  const found = (await readFile(join(database, 'PG_VERSION'), 'utf8')).trim()
  if (found === embeddedVersion) return
  throw new Error(
    `The data directory was made by Postgres ${found}, and this program embeds Postgres ${embeddedVersion}; ` +
      'export its sessions with the program that made it, or choose another directory',
  )
}

/** The major version of Postgres that PGlite is. */
export const embeddedVersion = '18'

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}
