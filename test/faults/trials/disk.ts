import { execFile } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { openHouse } from '../house.ts'
import type { Trial } from '../trial.ts'
import { underLoad } from '../under-load.ts'

const run = promisify(execFile)

/** The disk under the embedded database is full for a while; the process is started again after it. */
export const fullDisk: Trial = {
  name: 'full-disk',
  promises: ['R1', 'R3', 'R10', 'R19'],
  database: 'embedded',
  quick: 1,
  long: 30,
  async unable() {
    if (userInfo().uid !== 0) return 'only root may mount a small file system'
    const mount = await mkdtemp(join(tmpdir(), 'parley-disk-'))
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount])
      await run('umount', [mount])
      return undefined
    } catch {
      return 'no file system may be mounted here'
    } finally {
      await rm(mount, { recursive: true, force: true })
    }
  },
  async run({ random }) {
    const mount = await mkdtemp(join(tmpdir(), 'parley-disk-'))
    await run('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', mount])
    const filler = join(mount, 'filler')
    try {
      const house = await openHouse({ dataDirectory: join(mount, 'data') })
      const [instance] = house.instances
      return await underLoad({
        house,
        random,
        standstill: 30_000,
        async disturb({ fault, restored }) {
          await setTimeout(800)
          await fill(filler)
          fault('full disk')
          const ended = instance.gone()
          await Promise.race([ended, setTimeout(6000)])
          await rm(filler)
          await instance.kill()
          await instance.start()
          restored()
        },
      })
    } finally {
      await run('umount', ['-l', mount])
      await rm(mount, { recursive: true, force: true })
    }
  },
}

/** Takes all that is left, so that the next page that the database writes has no place. */
async function fill(filler: string): Promise<void> {
  const file = await open(filler, 'w')
  const piece = Buffer.alloc(65536)
  try {
    for (;;) await file.write(piece)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    await file.close()
  }
}
