import { parameters } from './parameter.ts'
import { actingHeaders } from './request.ts'
import { bodyProblems, jsonResponse, streamOrJsonResponse } from './response.ts'
import { Run, RunResult } from './run.ts'

/** A run is answered as its stream, as its result, or at once; `Accept` and `Prefer` choose. */
export const representations = {
  200: streamOrJsonResponse(RunResult, {
    component: 'RunStartedResponse',
    description:
      "The run's events from its first to its `stream_stopped`; or, for `Accept: application/json`, its result when it is over or waits for somebody",
    headers: ['Location', 'Content-Location'],
  }),
  202: jsonResponse(Run, {
    component: 'RunAcceptedResponse',
    description: 'The run is stored and goes on; for `Prefer: respond-async`',
    headers: ['Location', 'Content-Location', 'Preference-Applied'],
  }),
}
export const representationHeaders = actingHeaders.extend({ prefer: parameters.PreferParameter })
export const startProblems = [...bodyProblems, 'not_found', 'session_busy', 'queue_full'] as const
