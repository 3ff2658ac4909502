import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openDatabase } from '#store/open-database.ts'
import { createRandom, type Random } from '../support/random.ts'
import { type Child, startChild } from './child.ts'

export type KillReport = { kills: number; acknowledged: number; lost: string[] }

/**
 * Kills a process that writes to an embedded database, again and again in one directory, while it
 * opens and while it writes; every fourth time in a new directory, during its first boot and
 * migration. Then each directory must open, and every row that was said to be committed be there.
 */
export async function killTrials({
  trials,
  random,
}: {
  trials: number
  random: Random
}): Promise<KillReport> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-kill-'))
  try {
    const acknowledged: string[] = []
    for (let trial = 0; trial < trials; trial += 1) {
      acknowledged.push(...(await killOne({ directory, trial, random })))
    }
    return {
      kills: trials,
      acknowledged: acknowledged.length,
      lost: await lostOf(join(directory, 'kept'), acknowledged),
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function killOne({
  directory,
  trial,
  random,
}: {
  directory: string
  trial: number
  random: Random
}): Promise<string[]> {
  if (trial % 4 === 0) return killFirstBoot({ directory: join(directory, `new${trial}`), random })
  const child = startChild({ target: join(directory, 'kept'), rows: 1_000_000, writer: `${trial}` })
  if (trial % 4 === 1) await setTimeout(random.below(1500))
  else {
    await child.reached(2 + random.below(200))
    await setTimeout(random.below(4))
  }
  return kill(child)
}

async function killFirstBoot({
  directory,
  random,
}: {
  directory: string
  random: Random
}): Promise<string[]> {
  const child = startChild({ target: directory, rows: 1_000_000 })
  await setTimeout(random.below(2000))
  const acknowledged = await kill(child)
  const lost = await lostOf(directory, acknowledged)
  if (lost.length > 0) throw new Error(`A first boot lost ${lost.join(', ')}`)
  return []
}

async function kill(child: Child): Promise<string[]> {
  child.process.kill('SIGKILL')
  const { signal, errors } = await child.ended
  if (signal !== 'SIGKILL') throw new Error(`The process ended by itself: ${errors}`)
  return child.lines.filter((line) => line !== 'opened')
}

async function lostOf(directory: string, acknowledged: string[]): Promise<string[]> {
  const database = await openDatabase({ dataDirectory: directory })
  try {
    const rows = await database.query<{ version: string }>('select version from agent_versions', [])
    const stored = new Set(rows.map((row) => row.version))
    return acknowledged.filter((version) => !stored.has(version))
  } finally {
    await database.close()
  }
}

if (import.meta.main) {
  const flag = process.argv.indexOf('--trials')
  const trials = flag < 0 ? 20 : Number(process.argv[flag + 1])
  const report = await killTrials({ trials, random: createRandom(Date.now()) })
  console.log(JSON.stringify(report))
  if (report.lost.length > 0) process.exitCode = 1
}
