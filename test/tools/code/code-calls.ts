import type { ToolOutcome } from '#runtime/tool.ts'
import type { CodeLanguage, CodeRunner } from '#tools/code/code-runner.ts'
import { toolContext } from '../tool-context.ts'

export type CodeCallOptions = {
  args?: Record<string, unknown>
  signal?: AbortSignal
  session?: string
  onOutput?(text: string): void
}

/** Makes a tool of some code and calls it once, as the runtime does. */
export async function callCode(
  runner: CodeRunner,
  language: CodeLanguage,
  code: string,
  { args = {}, signal, session = 'ses_1', onOutput = () => {} }: CodeCallOptions = {},
): Promise<ToolOutcome> {
  const tool = runner.createTool({ name: 'probe', language, code })
  const own = { sessionId: session, progress: onOutput, ...(signal ? { signal } : {}) }
  return await tool.execute(args, toolContext(own))
}

/** The text of a result, whether it failed or not. */
export function outputOf(outcome: ToolOutcome): string {
  return outcome.type === 'result' ? outcome.output : outcome.type
}
