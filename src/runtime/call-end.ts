import type { FinalToolCallState, ToolResult } from '#contract/tool.ts'

export type CallEnd = {
  state: FinalToolCallState
  result: ToolResult
  /** A hook of the agent did, not a rule or a person. */
  deniedBy?: 'hook'
}

export const unknownOutcomeText =
  'The outcome is unknown: the server stopped while the call ran. Verify what happened before you repeat it.'

export const unknownEnd: CallEnd = {
  state: 'unknown',
  result: { output: unknownOutcomeText, is_error: true },
}

export const cancelledEnd: CallEnd = {
  state: 'cancelled',
  result: { output: 'The run was cancelled.', is_error: true },
}
