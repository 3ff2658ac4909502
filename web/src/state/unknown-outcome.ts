import type { ToolCall } from 'parley-client'

/** What a person found out about a call whose outcome is unknown, said to the model. */
export function unknownOutcomeMessage(
  { id, function: { name } }: ToolCall,
  known: { type: 'run_again' } | { type: 'failed' } | { type: 'result'; result: string },
): string {
  const call = `The call ${name} (${id}), whose outcome is unknown,`
  switch (known.type) {
    case 'run_again':
      return `${call} did not happen. Run it again with the same arguments.`
    case 'failed':
      return `${call} counts as failed. Do not run it again; go on without it.`
    case 'result':
      return `${call} did happen. Do not run it again. Its result:\n\n${known.result}`
  }
}
