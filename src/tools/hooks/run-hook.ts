import { startSafely } from '../command-tool.ts'
import type { HookRun } from './hook-output.ts'

/** Characters that a hook may write to each of its outputs. */
const longestOutput = 256 * 1024

/**
 * Runs a hook's command to its end. Rejects with an Error that says what went wrong when it takes
 * longer than `timeout` seconds, writes too much or cannot be started, and with the signal's reason
 * when that aborts; the command is stopped then.
 */
export async function runHook(
  {
    command,
    directory,
    environment,
    input,
    timeout,
  }: {
    command: string
    directory: string
    environment: Record<string, string>
    input: string
    timeout: number
  },
  signal: AbortSignal,
): Promise<HookRun> {
  signal.throwIfAborted()
  const output = { stdout: '', stderr: '' }
  const given = Promise.withResolvers<never>()
  const running = startSafely({
    command,
    directory,
    environment,
    input,
    onOutput(text, stream) {
      if (output[stream].length + text.length <= longestOutput) output[stream] += text
      else given.reject(new Error(`it wrote more than ${longestOutput / 1024} KiB`))
    },
  })
  const timer = setTimeout(
    () => given.reject(new Error(`it did not end within ${timeout} s`)),
    timeout * 1000,
  )
  const abort = () => given.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const end = await Promise.race([running.ended, given.promise])
    return { ...end, ...output }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    // Nothing is left to stop of one that has ended.
    running.stop()
  }
}
