import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServerProcess } from '../../test/support/process.ts'

const root = join(import.meta.dirname, '../..')

/** What runs with a server of the examples, and an empty folder to work in. */
export type Work = (surroundings: { url: string; folder: string }) => Promise<void>

/** Both are gone afterwards, also when the work fails. */
export async function withServer(work: Work): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-clients-'))
  try {
    await cp(join(root, 'examples'), join(directory, 'examples'), { recursive: true })
    const flags = [
      join(directory, 'examples/assistant.yaml'),
      '--data-dir',
      join(directory, 'data'),
    ]
    const server = await startServerProcess({ home: { flags, directory } })
    try {
      await work({ url: server.url, folder: join(directory, 'examples/clients') })
    } finally {
      await server.kill('SIGTERM')
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
