import type { EventBody } from '#contract/event.ts'
import type { ToolCall } from '#contract/message.ts'
import type { FinalToolCallState, ToolResult } from '#contract/tool.ts'
import type { CallRow } from '#store/log.ts'
import { cutToBytes, toldLimit } from './text.ts'

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

/** The row of a call that has ended. */
export function toEndedRow(row: CallRow, end: CallEnd): CallRow {
  return { ...row, state: end.state, result: JSON.stringify(end.result) }
}

/** What the log says of the end; `duration` in milliseconds. */
export function toResponse(
  { call }: { call: ToolCall },
  end: CallEnd,
  duration: number,
): EventBody {
  return {
    type: 'tool_call_response',
    tool_call: call,
    response: toToldText(end.result),
    result: end.result,
    state: end.state,
    ...(end.deniedBy && { denied_by: end.deniedBy }),
    duration_ms: duration,
  }
}

/** As much of a result as the model is told. */
export function toToldText(result: ToolResult): string {
  return cutToBytes(result.output, toldLimit)
}
