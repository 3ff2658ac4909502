import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

export type Place = 'server' | 'others'

export type BenchProcess = {
  name: string
  pid: number
  child: ChildProcess
  /** Where it listens, once it said so over its channel. */
  url: string
  /** Resolves when it is gone; after `patience` ms it is killed. */
  stop(signal?: NodeJS.Signals, patience?: number): Promise<void>
  /** The end of what it wrote. */
  log(): string
}

export type Processes = {
  start(options: {
    name: string
    place: Place
    command: readonly string[]
    environment?: Record<string, string>
    /** Waits for its `ready` message on a channel. */
    channel?: boolean
    user?: { uid: number; gid: number }
  }): Promise<BenchProcess>
  /** How processes are laid out on the cores; for the report. */
  readonly layout: string
  /** All but the database, which ends last. */
  stopAll(): Promise<void>
  /** Without waiting, for the last moment of the bench. */
  killAll(): void
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Starts what a measurement needs, pinned: what is measured alone on the first core. */
export function createProcesses({ directory }: { directory: string }): Processes {
  const running = new Set<BenchProcess>()
  const pins = findPins()

  return {
    layout: pins.layout,
    async start({ name, place, command, environment = {}, channel = false, user }) {
      const logPath = join(directory, `${name}.log`)
      const log = openSync(logPath, 'a')
      const [file = '', ...parameters] = [...pins[place], ...command]
      const child = spawn(file, parameters, {
        stdio: ['ignore', log, log, ...(channel ? (['ipc'] as const) : [])],
        // A process group of its own, so that Ctrl-C reaches only the bench, which then ends the rest.
        detached: true,
        serialization: 'advanced',
        env: { PATH, HOME: directory, LANG: 'C.UTF-8', ...environment },
        ...user,
      })
      closeSync(log)
      const { pid } = await spawned(child, name)
      const started: BenchProcess = {
        name,
        pid,
        child,
        url: '',
        stop: (signal = 'SIGTERM', patience = 10_000) => stop(child, signal, patience),
        log: () => readFileSync(logPath, 'utf8').slice(-2000),
      }
      running.add(started)
      child.once('exit', () => running.delete(started))
      if (channel) started.url = await ready(started)
      return started
    },
    async stopAll() {
      const others = [...running].filter(({ name }) => name !== 'postgres')
      await Promise.all(others.map((process) => process.stop()))
    },
    killAll() {
      for (const { child } of running) child.kill('SIGKILL')
    },
  }
}

function findPins(): { server: string[]; others: string[]; layout: string } {
  const cores = availableParallelism()
  const taskset = spawnSync('taskset', ['--version']).status === 0
  if (!taskset || cores < 2) {
    return { server: [], others: [], layout: `not pinned (${cores} cores, no taskset or one core)` }
  }
  const rest = cores === 2 ? '1' : `1-${cores - 1}`
  return {
    server: ['taskset', '-c', '0'],
    others: ['taskset', '-c', rest],
    layout: `server or relay alone on core 0; model, load and database on ${rest}`,
  }
}

function spawned(child: ChildProcess, name: string): Promise<{ pid: number }> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`${name} could not be started`, { cause })))
    child.once('spawn', () => resolve({ pid: child.pid ?? 0 }))
  })
}

function ready({ child, name, log }: BenchProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error(`${name} ended before it was ready:\n${log()}`))
    child.once('exit', onExit)
    child.once('message', (message: { url: string }) => {
      child.off('exit', onExit)
      resolve(message.url)
    })
  })
}

function stop(child: ChildProcess, signal: NodeJS.Signals, patience: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), patience)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill(signal)
  })
}
