import type { ToolContext, ToolOutcome } from '#runtime/tool.ts'
import type { CommandEnvironment } from './command-environment.ts'
import { createOutputBuffer } from './output-buffer.ts'
import { createOutputProgress } from './output-progress.ts'
import { createRedactor } from './redactor.ts'
import { type CommandEnd, runCommand } from './run-command.ts'

/** Characters of the output that are kept from its beginning and its end. */
const kept = { head: 40_000, tail: 40_000 }

/**
 * Runs a command to its end as a tool's call: its output is shown as it comes, and what is kept of
 * it is the result. A failure for the model when the command fails or is stopped after `timeout`
 * seconds; an interrupted call takes the command with it.
 */
export async function runToEnd(
  {
    command,
    directory,
    environment: { variables, secrets },
    timeout,
  }: {
    command: string
    directory: string
    environment: CommandEnvironment
    timeout: number
  },
  { signal, progress }: Pick<ToolContext, 'signal' | 'progress'>,
): Promise<ToolOutcome> {
  signal.throwIfAborted()
  const buffer = createOutputBuffer(kept)
  const shown = createOutputProgress(progress)
  const redactors = { stdout: createRedactor(secrets), stderr: createRedactor(secrets) }
  const keep = (text: string) => {
    buffer.append(text)
    shown.append(text)
  }
  const running = startSafely({
    command,
    directory,
    environment: variables,
    onOutput: (text, stream) => keep(redactors[stream].push(text)),
  })
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    running.stop()
  }, timeout * 1000)
  const interrupt = () => {
    // The call is over for the runtime: nothing of it may be shown any more.
    shown.drop()
    running.stop()
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    const end = await running.ended
    for (const redactor of Object.values(redactors)) keep(redactor.end())
    signal.throwIfAborted()
    return toOutcome(
      buffer.text(),
      { ...end, truncated: buffer.isCut() },
      timedOut ? timeout : null,
    )
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', interrupt)
    shown.end()
  }
}

/** A line in words that say how a command ended. */
export function describeEnd({ exitCode, signal }: CommandEnd): string {
  return signal === null ? `exit code ${exitCode}` : `ended by ${signal}`
}

/** Starts a command; an argument or a variable that is too long is told in words. */
export function startSafely(options: Parameters<typeof runCommand>[0]) {
  try {
    return runCommand(options)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ERR_INVALID_ARG_VALUE') {
      throw new Error('The command holds a NUL character; leave it out.', { cause })
    }
    if (code === 'E2BIG') {
      throw new Error('The command is too long for the system; put its data into a file first.', {
        cause,
      })
    }
    throw cause
  }
}

function toOutcome(
  output: string,
  end: CommandEnd & { truncated: boolean },
  timedOutAfter: number | null,
): ToolOutcome {
  const structured = {
    exit_code: end.exitCode,
    signal: end.signal,
    timed_out: timedOutAfter !== null,
    truncated: end.truncated,
  }
  if (timedOutAfter === null && end.exitCode === 0) {
    return { type: 'result', output: output || '(no output)', is_error: false, structured }
  }
  const ending =
    timedOutAfter === null ? describeEnd(end) : `stopped: it did not end within ${timedOutAfter} s`
  return { type: 'result', output: withNote(output, `[${ending}]`), is_error: true, structured }
}

function withNote(output: string, note: string): string {
  return output === '' || output.endsWith('\n') ? `${output}${note}` : `${output}\n${note}`
}
