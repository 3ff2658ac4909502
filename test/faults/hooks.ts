import { isMainThread } from 'node:worker_threads'
import { install, parseFaults } from './install.ts'

// A preload: `node --import ./test/faults/hooks.ts src/main.ts serve`. Workers of the server get it,
// too, and have no fault points.
if (isMainThread) installFromEnvironment()

function installFromEnvironment(): void {
  const { PARLEY_FAULT, PARLEY_FAULT_LOG, PARLEY_SEEDED_BUG, PARLEY_CLOCK_OFFSET } = process.env
  try {
    install({
      faults: PARLEY_FAULT ? parseFaults(PARLEY_FAULT) : [],
      bug: PARLEY_SEEDED_BUG || undefined,
      log: PARLEY_FAULT_LOG || undefined,
      clockOffset: Number(PARLEY_CLOCK_OFFSET ?? 0),
    })
  } catch (error) {
    process.stderr.write(`The faults could not be installed: ${messageOf(error)}\n`)
    process.exit(78)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
