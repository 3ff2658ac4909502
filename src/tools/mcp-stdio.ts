import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex, Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'

export type StdioServer = {
  command: string
  args: string[]
  /** All that the process gets to know. */
  environment: Record<string, string>
  directory: string
}

export type StdioTransport = Transport & {
  /** The last of what the server wrote to stderr. */
  complaints(): string
  /** How it ended by itself, in words; null while it runs and when it was closed. */
  ending(): string | null
}

/** Bytes of one message; more without a line end is no protocol. */
const longestLine = 8 * 1024 * 1024
const keptComplaints = 2000
/** Milliseconds that the server gets to end by itself when its input ends, then when it is asked to. */
const politeness = 1000

/**
 * Starts an MCP server and speaks to it over its stdin and stdout. What it writes to stdout that is
 * no message is passed over. It runs in a process group of its own, which is killed as a whole when
 * it ends, when the transport is closed, and when this process dies, however it dies.
 */
export function createStdioTransport({
  server,
  toMessage,
}: {
  server: StdioServer
  /** Throws when a value is no JSON-RPC message. */
  toMessage(value: unknown): JSONRPCMessage
}): StdioTransport {
  let child: Child | undefined
  let complaints = ''
  let ending: string | null = null
  let isClosing = false

  const transport: StdioTransport = {
    async start() {
      child = await startChild(server)
      child.process.on('exit', (code, signal) => {
        if (!isClosing) ending ??= describeEnding(server.command, code, signal)
        // Whatever the server left running goes with it.
        child?.lifeline.destroy()
      })
      const closed = new Promise((resolve) => child?.process.once('close', resolve))
      const read = readMessages(child.stdout)
      void Promise.all([closed, read]).then(() => transport.onclose?.())
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        complaints = (complaints + text).slice(-keptComplaints)
      })
      for (const stream of [child.stdin, child.stdout, child.stderr, child.lifeline]) {
        stream.on('error', (error) => transport.onerror?.(error))
      }
    },
    async send(message) {
      if (!child || ending !== null) throw new Error(ending ?? 'the server is not started')
      const { stdin, lifeline } = child
      await new Promise<void>((resolve) => {
        stdin.write(`${JSON.stringify(message)}\n`, (error) => {
          // A server that reads no more has ended or is to: its end says why, to all who wait.
          if (error) lifeline.destroy()
          resolve()
        })
      })
    },
    async close() {
      isClosing = true
      if (child) await endChild(child)
    },
    complaints: () => complaints,
    ending: () => ending,
  }

  async function readMessages(stream: Readable): Promise<void> {
    try {
      for await (const line of linesOf(stream)) {
        receive(line)
        // The library handles what is told of a call a moment later, and its end at once.
        await setImmediate()
      }
    } catch (error) {
      if (error instanceof RangeError) ending ??= error.message
      child?.lifeline.destroy()
    }
  }

  function receive(line: string): void {
    let message: JSONRPCMessage
    try {
      message = toMessage(JSON.parse(line))
    } catch {
      // A banner or a stray print: common, and no reason to give the server up.
      return
    }
    transport.onmessage?.(message)
  }

  return transport
}

type Child = {
  process: ChildProcess
  stdin: Writable
  stdout: Readable
  stderr: Readable
  lifeline: Duplex
}

/**
 * A watcher in the server's process group waits at a pipe whose other end this process holds: when
 * that closes, also by a kill of this process, it kills the group, itself included. While the
 * watcher lives the group's number cannot be given to another one.
 */
const watchedExec =
  '(trap "" TERM INT HUP; read -r _ <&3; kill -s KILL -- -$$) </dev/null >/dev/null 2>&1 & ' +
  'exec 3<&-; exec "$0" "$@"'

function startChild({ command, args, environment, directory }: StdioServer): Promise<Child> {
  const process = spawn('/bin/sh', ['-c', watchedExec, command, ...args], {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  return new Promise((resolve, reject) => {
    process.once('error', (error) => {
      reject(new Error(`${command} cannot be started in ${directory} (${codeOf(error)})`))
    })
    process.once('spawn', () => resolve(toChild(process)))
  })
}

function toChild(process: ChildProcess): Child {
  const { stdin, stdout, stderr } = process
  const lifeline = process.stdio[3]
  if (!stdin || !stdout || !stderr || !lifeline) throw new Error('the server has no pipes')
  // The fourth pipe is a socket, whatever the type of the array says.
  return { process, stdin, stdout, stderr, lifeline: lifeline as Duplex }
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message
}

/** The lines of a stream, without empty ones. Throws a RangeError for a line that is too long. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let pieces: Buffer[] = []
  let length = 0
  for await (const piece of stream as AsyncIterable<Buffer>) {
    let rest = piece
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...pieces, rest.subarray(0, end)]).toString('utf8')
      pieces = []
      length = 0
      rest = rest.subarray(end + 1)
      if (line.trim() !== '') yield line
    }
    length += rest.length
    if (length > longestLine) throw new RangeError('it wrote a message larger than 8 MiB')
    if (rest.length > 0) pieces.push(rest)
  }
}

function describeEnding(command: string, code: number | null, signal: string | null): string {
  if (code === 127) return `${command} was not found or cannot be run`
  if (code === 126) return `${command} may not be run; check its permissions`
  return signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`
}

async function endChild({ process, stdin, lifeline }: Child): Promise<void> {
  const isRunning = () => process.exitCode === null && process.signalCode === null
  const ended = new Promise<void>((resolve) => {
    if (isRunning()) process.once('exit', () => resolve())
    else resolve()
  })
  stdin.end()
  await orAfter(politeness, ended)
  if (isRunning()) process.kill('SIGTERM')
  await orAfter(politeness, ended)
  lifeline.destroy()
  await orAfter(politeness, ended)
}

async function orAfter(milliseconds: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([done, late])
  clearTimeout(timer)
}
