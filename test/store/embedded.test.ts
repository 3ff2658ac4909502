import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openDatabase } from '#store/open-database.ts'
import { testServer } from '../support/database.ts'
import { createRandom } from '../support/random.ts'
import { startChild } from './child.ts'
import { killTrials } from './kill-trials.ts'

const directories: string[] = []
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

async function newDirectory() {
  const directory = await mkdtemp(join(tmpdir(), 'parley-store-'))
  directories.push(directory)
  return directory
}

// These are about the embedded database, whichever one the rest of the suite runs on.
describe.skipIf(testServer() !== undefined)('the embedded database', () => {
  test('a second process is refused in one line until the first has died', async () => {
    const dataDirectory = await newDirectory()
    const first = startChild({ target: dataDirectory, rows: 1_000_000 })
    await first.reached(1)
    const { code, errors } = await startChild({ target: dataDirectory }).ended
    expect(code).toBe(1)
    expect(errors).toBe(
      `The data directory ${dataDirectory} is in use by another process; stop it, or choose another directory\n`,
    )
    first.process.kill('SIGKILL')
    await first.ended
    const database = await openDatabase({ dataDirectory })
    await expect(openDatabase({ dataDirectory })).rejects.toThrow('is in use')
    await database.close()
  })

  test('rows are there after closing and opening again, also by another path', async () => {
    const parent = await newDirectory()
    const path = join(parent, 'deep', 'data')
    const child = startChild({ target: path, rows: 3 })
    expect(await child.ended).toMatchObject({ code: 0 })
    const database = await openDatabase({
      dataDirectory: join(parent, '.', 'deep', '..', 'deep', 'data'),
    })
    const rows = await database.query('select version from agent_versions order by 1', [])
    await database.close()
    expect(rows).toEqual([0, 1, 2].map((number) => ({ version: `child-${number}` })))
  })

  test('a first boot that was cut off is begun again', async () => {
    const dataDirectory = await newDirectory()
    await mkdir(join(dataDirectory, 'database.new', 'base'), { recursive: true })
    await writeFile(join(dataDirectory, 'database.new', 'PG_VERSION'), '18')
    const database = await openDatabase({ dataDirectory })
    await database.ping()
    await database.close()
    expect(await readdir(dataDirectory)).toEqual(['database'])
  })

  test('a directory of another major version is refused with what to do', async () => {
    const dataDirectory = await newDirectory()
    await mkdir(join(dataDirectory, 'database'))
    await writeFile(join(dataDirectory, 'database', 'PG_VERSION'), '15\n')
    const refused = openDatabase({ dataDirectory })
    await expect(refused).rejects.toThrow(
      'made by Postgres 15, and this program embeds Postgres 18',
    )
  })

  test('no row that was acknowledged is lost when the process is killed', async () => {
    const report = await killTrials({ trials: 20, random: createRandom(7) })
    expect(report).toMatchObject({ kills: 20, lost: [] })
    expect(report.acknowledged).toBeGreaterThan(100)
  }, 240_000)
})
