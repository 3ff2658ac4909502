import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type Finished = { code: number | null; output: string; errors: string }

/** Runs the program as a process of its own, without the variables of this one. */
export async function parley(
  args: readonly string[],
  {
    directory,
    environment = {},
  }: { directory?: string; environment?: Record<string, string> } = {},
): Promise<Finished> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...environment },
      ...(directory === undefined ? {} : { cwd: directory }),
    },
  )
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, output, errors }
}
