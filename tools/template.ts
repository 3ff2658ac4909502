import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { constants, zstdCompressSync } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import {
  embeddedVersion,
  templateFile,
  templateWindowLog,
} from '../src/store/embedded-directory.ts'

const manifestFile = new URL('../src/store/embedded-template.json', import.meta.url)

// An empty database, packed: loading it is ten times faster than running initdb in WebAssembly.
// Two runs differ in times and identifiers, so `--check` compares what it was made with.
if (process.argv.includes('--check')) await check()
else await make()

async function make() {
  const database = await PGlite.create()
  const archive = await (await database.dumpDataDir('none')).arrayBuffer()
  await database.close()
  const packed = zstdCompressSync(Buffer.from(archive), {
    params: {
      [constants.ZSTD_c_compressionLevel]: 19,
      [constants.ZSTD_c_windowLog]: templateWindowLog,
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
    },
  })
  await writeFile(templateFile, packed)
  const manifest = {
    pglite: await installedVersion(),
    postgres: embeddedVersion,
    sha256: hash(packed),
  }
  await writeFile(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`)
}

async function check() {
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8'))
  const wanted = {
    pglite: await installedVersion(),
    postgres: embeddedVersion,
    sha256: hash(await readFile(templateFile)),
  }
  for (const [field, value] of Object.entries(wanted)) {
    if (manifest[field] === value) continue
    console.error(`The embedded template is stale: ${field} is ${manifest[field]}, not ${value}.`)
    console.error('Run `npm run template` and commit what it writes.')
    process.exitCode = 1
  }
}

async function installedVersion(): Promise<string> {
  const file = new URL('../node_modules/@electric-sql/pglite/package.json', import.meta.url)
  return JSON.parse(await readFile(file, 'utf8')).version
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
