import { spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'

let witnesses = 0

/**
 * Knows when the last of some processes is gone, whatever they are called: each that inherits the
 * open pipe `name` keeps it open, and it ends when all have ended.
 */
export async function openWitness(directory: string) {
  witnesses += 1
  const name = join(directory, `witness_${witnesses}`)
  const { status, stderr } = spawnSync('mkfifo', [name])
  if (status !== 0) throw new Error(stderr.toString())
  const stream = createReadStream(name)
  const opened = new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', reject)
  })
  const gone = new Promise<void>((resolve, reject) => {
    stream.resume().once('end', () => resolve())
    stream.once('error', reject)
  })
  return { name, opened, gone }
}
