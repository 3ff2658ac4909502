import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type Finished = { code: number | null; output: string; errors: string }

type Surroundings = { directory?: string; environment?: Record<string, string> }

/** Runs the program to its end. */
export async function parley(args: readonly string[], around?: Surroundings): Promise<Finished> {
  return startParley(args, around).ended
}

/** Starts the program as a process of its own, without the variables of this one. */
export function startParley(
  args: readonly string[],
  { directory, environment = {} }: Surroundings = {},
) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...environment },
      ...(directory === undefined ? {} : { cwd: directory }),
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const ended = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output, errors }))
  })

  return {
    ended,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** What on stdout matches first; rejects with all that was said when the program ends before. */
    firstMatch(pattern: RegExp): Promise<string> {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output)?.[0]
          if (found !== undefined) resolve(found)
        }
        child.stdout.on('data', look)
        child.on('close', () => reject(new Error(`ended without ${pattern}: ${output}${errors}`)))
        look()
      })
    },
  }
}
