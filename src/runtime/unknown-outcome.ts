import type { OpenCall } from '#store/run-calls.ts'
import type { ActiveRun } from './active-run.ts'
import type { CallEnd } from './call-end.ts'
import type { ElicitationRequest } from './tool.ts'

/** What a person says became of a call whose process died. */
export type Outcome = 'run_again' | 'happened' | 'failed'

/** Whether somebody is asked; else the model is told that the outcome is unknown. */
export function asksForOutcome({ options }: ActiveRun): boolean {
  return options.on_unknown === 'ask' && options.on_elicitation !== 'decline'
}

export function outcomeQuestion(tool: string): ElicitationRequest {
  return {
    message: `The server stopped while ${tool} ran, and nobody knows what became of the call. Look, then say whether it runs again, happened, or failed.`,
    mode: 'form',
    schema: {
      type: 'object',
      required: ['outcome'],
      additionalProperties: false,
      properties: {
        outcome: {
          type: 'string',
          title: 'What became of it',
          enum: ['run_again', 'happened', 'failed'],
        },
        output: {
          type: 'string',
          title: 'Its result',
          description: 'What the model is told; not with run_again',
        },
      },
    },
  }
}

/**
 * What somebody said about such a call; null when nobody did. An answer to run it again is used up
 * when it does: should the process die once more, somebody is asked once more.
 */
export function saidOutcome(open: OpenCall): { outcome: Outcome; output: string } | null {
  if (open.elicitationAbout !== 'outcome' || open.elicitationStatus !== 'answered') return null
  if (open.elicitationAction !== 'accept') return null
  // It was held against the schema when it came.
  const { outcome, output = '' } = (open.elicitationContent ?? {}) as {
    outcome: Outcome
    output?: string
  }
  return { outcome, output }
}

/** The call as the person said that it ended. */
export function endedAsSaid({
  outcome,
  output,
}: {
  outcome: 'happened' | 'failed'
  output: string
}): CallEnd {
  const failed = outcome === 'failed'
  const text = failed ? 'The user looked: the call failed.' : 'The user looked: the call happened.'
  return {
    state: failed ? 'failed' : 'succeeded',
    result: { output: output === '' ? text : output, is_error: failed },
  }
}
