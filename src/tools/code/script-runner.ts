import type { RunScript } from '#runtime/tool.ts'
import { deepest, nestingOf, storableValue, toStorable, toToolOutcome } from './code-result.ts'
import { startJavascriptSandbox } from './javascript-sandbox.ts'
import { type CodeAnswer, SandboxFault } from './sandbox.ts'
import { createSandboxPool } from './sandbox-pool.ts'

/**
 * Runs scripts whose only way out is the functions that they are given. They have sandboxes of their
 * own: one that waits for a function must not hold the place in which that function would run.
 */
export function openScriptRunner({ size }: { size: number }): {
  run: RunScript
  close(): Promise<void>
} {
  const pool = createSandboxPool({ start: startJavascriptSandbox, size })
  return {
    async run({ script, functions, call, signal, group, onOutput }) {
      // The script may end in a comment, and its first line is the first that errors name.
      const code = `export async function execute() {${script}\n}`
      const onCall: typeof call = async (name, args) => {
        if (nestingOf(JSON.stringify(args)) <= deepest) return call(name, storableValue(args))
        return { error: `The arguments are nested deeper than ${deepest} levels.` }
      }
      const answer = await pool
        .run(
          { code, arguments: {}, functions },
          { signal, group, onCall, onOutput: (text) => onOutput(toStorable(text)) },
        )
        .catch(toAnswer)
      const outcome = toToolOutcome(answer)
      if (outcome.type !== 'result') throw new Error('a script cannot ask the user')
      return { output: outcome.output, is_error: outcome.is_error }
    },
    close: pool.close,
  }
}

function toAnswer(error: unknown): CodeAnswer {
  if (error instanceof SandboxFault) return { type: 'error', message: error.message }
  throw error
}
