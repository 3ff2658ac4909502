import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type Child = {
  process: ChildProcess
  /** The lines so far. */
  lines: string[]
  /** Resolves when that many lines were written, or when the process has ended. */
  reached(count: number): Promise<void>
  /** How it ended, with all that it wrote to its error output. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; errors: string }>
}

/** A process that opens a database and writes numbered rows; see `embedded-child.ts`. */
export function startChild({
  target,
  rows = 0,
  writer = 'child',
}: {
  target: string
  rows?: number
  writer?: string
}): Child {
  const script = fileURLToPath(new URL('embedded-child.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, target, String(rows), writer],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const lines: string[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const wake = (all: boolean) => {
    for (const entry of waiting) if (all || lines.length >= entry.count) entry.resolve()
  }
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    wake(false)
  })
  const ended = once(child, 'close').then(([code, signal]) => {
    wake(true)
    return { code, signal, errors }
  })
  return {
    process: child,
    lines,
    ended,
    reached: (count) =>
      new Promise((resolve) => {
        if (lines.length >= count || child.exitCode !== null || child.signalCode !== null) resolve()
        else waiting.push({ count, resolve })
      }),
  }
}
