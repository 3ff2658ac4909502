import { accessSync, constants, statfsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const memory = roomyMemory('/dev/shm')
if (memory !== undefined) process.env.TMPDIR ??= memory

export default defineConfig({
  resolve: {
    alias: { 'parley-client': fileURLToPath(new URL('src/client/index.ts', import.meta.url)) },
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Tests wait more than they compute: two at once also on a small machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A machine that does other things too may let a start run into its timeout; said when it does.
    retry: process.env.CI ? 1 : 0,
  },
})

// Each server that a test starts has a database of a thousand small files: in memory that takes a
// fifth of the time.
function roomyMemory(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK)
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize > 4 * 2 ** 30 ? path : undefined
  } catch {
    return undefined
  }
}
