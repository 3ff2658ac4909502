import { readConfig } from '../config.ts'
import { exitCodes } from './failure.ts'
import type { World } from './world.ts'

/** Serves until a signal; resolves when the server has drained. */
export async function serve(argv: readonly string[], world: World): Promise<number> {
  const { environment, directory, write } = world
  const config = readConfig({ argv, environment, directory })
  const stopped = waitForSignal()
  // The server and all it needs are loaded only here, so that other commands start quickly.
  const { startServer } = await import('../server.ts')
  const server = await startServer(config)
  for (const line of server.lines) write(line)
  await stopped
  await server.close()
  return exitCodes.ok
}

/** The first signal asks to stop; the second ends the process at once. */
function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    for (const [signal, number] of [
      ['SIGTERM', 15],
      ['SIGINT', 2],
    ] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(128 + number)
        isStopping = true
        resolve()
      })
    }
  })
}
