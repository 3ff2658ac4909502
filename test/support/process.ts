import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Home } from './app.ts'

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The server as a process of its own, which can be killed and started again. */
export type ServerProcess = {
  url: string
  pid(): number
  /** Resolves when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again on the same address and data; resolves when it listens. */
  start(): Promise<void>
  /** What the process that runs now has written to its log. */
  errors(): string
  /** Bytes of the process's resident memory. */
  memory(): Promise<number>
}

export async function startServerProcess({
  home: { flags: homeFlags, directory },
  flags = [],
  environment = {},
}: {
  home: Pick<Home, 'flags' | 'directory'>
  flags?: string[]
  /** Variables that the server is started with. */
  environment?: Record<string, string>
}): Promise<ServerProcess> {
  const launch = (listen: string) =>
    launchServer([...homeFlags, '--log-level', 'error', '--listen', listen, ...flags], {
      directory,
      environment,
    })
  let running = await launch('127.0.0.1:0')
  const { url } = running
  return {
    url,
    pid: () => pidOf(running.child),
    kill: (signal = 'SIGKILL') => endProcess(running.child, signal),
    async start() {
      running = await launch(new URL(url).host)
    },
    errors: () => running.errors(),
    async memory() {
      const status = await readFile(`/proc/${pidOf(running.child)}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024
    },
  }
}

/** Runs the program to its end: how it ended, when, and what it said. */
export async function runServer(args: string[], { directory }: Pick<Home, 'directory'>) {
  const began = performance.now()
  const { child, errors } = spawnServer(args, { directory, environment: {} })
  const [code] = await once(child, 'close')
  return { code, milliseconds: performance.now() - began, errors: errors() }
}

type Surroundings = { directory: string; environment: Record<string, string> }

async function launchServer(args: string[], surroundings: Surroundings) {
  const { child, output, errors } = spawnServer(args, surroundings)
  const ended = once(child, 'close').then(() => {
    throw new Error(`The server ended before it listened: ${errors()}`)
  })
  ended.catch(() => undefined)
  const url = await Promise.race([ended, listening(child, output)])
  return { child, url, errors }
}

function spawnServer(args: string[], { directory, environment }: Surroundings) {
  const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2']
  const child = spawn(process.execPath, [...flags, program, 'serve', ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  return { child, output: () => output, errors: () => errors }
}

function listening(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve) => {
    const look = () => {
      const url = /listens on (http:\S+)/.exec(output())?.[1]
      if (url !== undefined) resolve(url)
    }
    child.stdout?.on('data', look)
    look()
  })
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill(signal)
  await closed
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('The server did not start')
  return pid
}
