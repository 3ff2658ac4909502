import { type ChildProcess, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { lstat, readFile } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { createAnswerReader } from './answer-reader.ts'
import {
  type CodeAnswer,
  type CodeCall,
  mostComputing,
  type Sandbox,
  SandboxFault,
} from './sandbox.ts'

/** Where Debian's packages put them; a shim on the PATH is not what a sandbox can hold. */
export type PythonPaths = { bubblewrap: string; python: string }

/**
 * Starts a Python that sees no environment, no network, no process but its own and no file but
 * Python's. It is warm: calls fork from it. Throws an Error that says why it cannot be had.
 */
export async function startPythonSandbox(paths: PythonPaths): Promise<Sandbox> {
  const child = spawn(paths.bubblewrap, await bubblewrapArguments(paths), {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  const pipes = pipesOf(child)
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let said = ''
  pipes.complaints.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < 2000) said += text
  })
  // A pipe that breaks is told by the end of the child.
  for (const pipe of Object.values(pipes)) pipe.on('error', () => {})

  async function close() {
    child.kill('SIGKILL')
    await closed
  }
  try {
    await firstLine(child, pipes.control)
  } catch (error) {
    await close()
    throw new Error(said.trim() || reasonOf(error), { cause: error })
  }
  return {
    run: (request, call) => runCall({ child, pipes, request, call }),
    isLost: () => child.exitCode !== null || child.signalCode !== null,
    close,
  }
}

/** Milliseconds until a sandbox must have started. */
const startLimit = 20_000

async function bubblewrapArguments({ python }: PythonPaths): Promise<string[]> {
  const supervisor = await readFile(new URL('./supervisor.py', import.meta.url), 'utf8')
  const roots = await Promise.all(['/lib', '/lib64'].map(rootLibrary))
  return [
    ...['--unshare-user', '--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts'],
    ...['--unshare-cgroup-try', '--uid', '65534', '--gid', '65534', '--hostname', 'sandbox'],
    ...['--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
    ...['--ro-bind', '/usr/lib', '/usr/lib', '--ro-bind-try', '/usr/lib64', '/usr/lib64'],
    ...roots.flat(),
    ...['--ro-bind-try', '/usr/share/zoneinfo', '/usr/share/zoneinfo'],
    ...['--ro-bind', realpathSync(python), '/usr/bin/python3'],
    // No /proc: it would show the descriptors of the supervisor.
    ...['--dev-bind', '/dev/null', '/dev/null', '--remount-ro', '/', '--chdir', '/'],
    ...['--', '/usr/bin/python3', '-I', '-B', '-c', supervisor],
  ]
}

/** `/lib` leads to `/usr/lib` on most systems, and is a directory of its own on the others. */
async function rootLibrary(path: string): Promise<string[]> {
  const stats = await lstat(path).catch(() => null)
  if (!stats) return []
  return stats.isSymbolicLink() ? ['--symlink', `usr${path}`, path] : ['--ro-bind', path, path]
}

type Pipes = { input: Writable; output: Readable; complaints: Readable; control: Readable }

function pipesOf(child: ChildProcess): Pipes {
  const [input, output, complaints, control] = child.stdio
  if (!input || !output || !complaints || !control || !('read' in control)) {
    throw new Error('a child was started without its pipes')
  }
  return { input, output, complaints, control }
}

function firstLine(child: ChildProcess, control: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`it did not start within ${startLimit / 1000} s`)),
      startLimit,
    )
    const settle = (action: () => void) => {
      clearTimeout(timer)
      action()
    }
    child.once('error', (error) => settle(() => reject(error)))
    child.once('close', (code) => settle(() => reject(new Error(`it ended with ${code}`))))
    control.once('data', () => settle(resolve))
  })
}

function runCall({
  child,
  pipes,
  request,
  call,
}: {
  child: ChildProcess
  pipes: Pipes
  request: unknown
  call: CodeCall
}): Promise<CodeAnswer> {
  const { input, output, control } = pipes
  const reader = createAnswerReader(call.onOutput)
  let told = ''
  return new Promise<CodeAnswer>((resolve, reject) => {
    const onOutput = (chunk: Buffer) => attempt(() => reader.push(chunk))
    const onControl = (chunk: Buffer) =>
      attempt(() => {
        told += chunk.toString('latin1')
      })
    const onLost = () => settle(() => reject(lost()))
    const onAbort = () => settle(() => reject(call.signal.reason))

    function attempt(action: () => void) {
      try {
        action()
        const ended = /^(\d+) ([0-9a-f]{32})\n$/.exec(told)
        if (!ended) return
        const [, status = '', number = ''] = ended
        if (status !== '0') throw crashed(Number(status))
        const answer = reader.answerUntil(number)
        if (answer) settle(() => resolve(answer))
      } catch (error) {
        settle(() => reject(error))
      }
    }
    function settle(action: () => void) {
      output.off('data', onOutput)
      control.off('data', onControl)
      child.off('close', onLost)
      call.signal.removeEventListener('abort', onAbort)
      action()
    }

    if (call.signal.aborted) return onAbort()
    output.on('data', onOutput)
    control.on('data', onControl)
    child.once('close', onLost)
    call.signal.addEventListener('abort', onAbort, { once: true })
    input.write(`${JSON.stringify(request)}\n`)
  })
}

/** Says what a status of `waitpid` means. */
function crashed(status: number): SandboxFault {
  const signal = status & 0x7f
  if (signal === 24) {
    return new SandboxFault(`The code computed for more than ${mostComputing} s and was stopped.`)
  }
  if (signal === 9) return new SandboxFault('The code used more than it may and was stopped.')
  if (signal !== 0) return new SandboxFault(`The code crashed Python (signal ${signal}).`)
  return new SandboxFault('The code ended Python instead of returning a result.')
}

function lost(): SandboxFault {
  return new SandboxFault('The sandbox of the code ended before the call did; try again.')
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
