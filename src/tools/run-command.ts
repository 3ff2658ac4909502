import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import { killMarked, markVariable } from './marked-processes.ts'

export type CommandEnd = { exitCode: number | null; signal: string | null }

export type RunningCommand = {
  /** When it is over and all its output has come. Rejects when it cannot be started at all. */
  ended: Promise<CommandEnd>
  /** Asks the command and all that it began to end, and kills what has not after two seconds. */
  stop(): void
}

/**
 * Runs a command by /bin/sh in a process group of its own. The group ends as a whole: when the
 * command is stopped, when it is over although something of it still runs, and when this process
 * dies, however it dies. On Linux so does what has left the group, as long as it kept its
 * environment. What is no UTF-8 in the output comes as U+FFFD.
 */
export function runCommand({
  command,
  directory,
  environment,
  input,
  onOutput,
}: {
  command: string
  /** Absolute; it exists. */
  directory: string
  /** All that the command gets to know. */
  environment: Record<string, string>
  /** What it can read from its stdin, which is empty without. */
  input?: string
  /** Gets what it writes to stdout and stderr, as it comes. */
  onOutput(text: string, stream: 'stdout' | 'stderr'): void
}): RunningCommand {
  const mark = randomUUID()
  const process = start(command, {
    directory,
    environment: { ...environment, [markVariable]: mark },
    hasInput: input !== undefined,
  })
  const failed = once(process, 'error')
  if (process.pid === undefined) return { ended: failed.then(rejectStart), stop: () => {} }
  const { stdout, stderr, lifeline } = pipesOf(process)
  const group = createGroup(process.pid, () => {
    lifeline.destroy()
    // Something that left the group may hold them open for ever.
    stdout.destroy()
    stderr.destroy()
    void killMarked(mark)
  })
  stdout.setEncoding('utf8').on('data', (text: string) => onOutput(text, 'stdout'))
  stderr.setEncoding('utf8').on('data', (text: string) => onOutput(text, 'stderr'))
  for (const stream of [stdout, stderr, lifeline]) stream.on('error', () => {})
  // It need not read what it is given.
  process.stdin?.on('error', () => {}).end(input)
  process.once('exit', () => group.end(leftoverGrace))
  return {
    ended: whenEnded(process, [stdout, stderr]),
    stop: () => group.end(stopGrace),
  }
}

/** Milliseconds between SIGTERM and SIGKILL. */
const stopGrace = 2000
/** The same for what a command leaves behind when it is over. */
const leftoverGrace = 200

/**
 * A watcher in the command's group waits at a pipe whose other end this process holds. When that
 * closes, also because this process is gone, it ends the group and itself. While the watcher lives
 * no other group can get this one's number. It belongs to no process that might wait for it. What
 * has left the group is found by its mark, which the watcher itself puts off first.
 */
const watched = `( ( trap '' TERM HUP INT; read -r _ <&3
  exec env -u ${markVariable} /bin/sh -c '
    kill -TERM 0; sleep ${stopGrace / 1000}
    for process in /proc/[0-9]*; do
      grep -qsF "${markVariable}=$1" "$process/environ" && kill -KILL "\${process#/proc/}"
    done
    kill -KILL 0' sh "$${markVariable}" ) </dev/null >/dev/null 2>&1 & )
exec 3<&- /bin/sh -c "$1"`

function start(
  command: string,
  {
    directory,
    environment,
    hasInput,
  }: { directory: string; environment: Record<string, string>; hasInput: boolean },
): ChildProcess {
  return spawn('/bin/sh', ['-c', watched, 'sh', command], {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
  })
}

function pipesOf(process: ChildProcess): { stdout: Readable; stderr: Readable; lifeline: Duplex } {
  const { stdout, stderr } = process
  const lifeline = process.stdio[3]
  if (!stdout || !stderr || !lifeline) throw new Error('The command has no pipes.')
  // The fourth pipe is a socket, whatever the type of the array says.
  return { stdout, stderr, lifeline: lifeline as Duplex }
}

function rejectStart([error]: unknown[]): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  throw new Error(`The command cannot be started (${code}).`, { cause: error })
}

async function whenEnded(process: ChildProcess, streams: Readable[]): Promise<CommandEnd> {
  const closed = streams.map(
    (stream) => new Promise<void>((resolve) => stream.once('close', resolve)),
  )
  const [exitCode, signal] = await once(process, 'exit')
  await Promise.all(closed)
  return { exitCode, signal }
}

function createGroup(pid: number, onKilled: () => void): { end(grace: number): void } {
  let killing: NodeJS.Timeout | undefined
  function signal(name: 'SIGTERM' | 'SIGKILL'): void {
    try {
      process.kill(-pid, name)
    } catch {
      // Nothing of it is left.
    }
  }
  return {
    end(grace) {
      if (killing !== undefined) return
      signal('SIGTERM')
      killing = setTimeout(() => {
        signal('SIGKILL')
        onKilled()
      }, grace)
    },
  }
}
