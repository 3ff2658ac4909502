import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
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
