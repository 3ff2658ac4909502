import { spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'

/** A program of Node in a process of its own, ended with the test. */
export function startProgram({
  arguments: args,
  directory,
  environment,
}: {
  arguments: string[]
  directory: string
  environment: Record<string, string>
}) {
  const child = spawn(process.execPath, args, {
    cwd: directory,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  const look = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text
      for (const one of look) one()
    })
  }
  return {
    /** The first group of what matches first; rejects with all that was said when it ends before. */
    firstMatch(pattern: RegExp): Promise<string> {
      return new Promise((resolve, reject) => {
        const search = () => {
          const found = pattern.exec(said)?.[1]
          if (found !== undefined) resolve(found)
        }
        look.add(search)
        child.on('close', () => reject(new Error(`ended without ${pattern}: ${said}`)))
        search()
      })
    },
  }
}
