import { acknowledgedRules } from './acknowledged-rules.ts'
import type { Evidence, Rule, Violation } from './evidence.ts'
import { runRules } from './run-rules.ts'
import { streamRules } from './stream-rules.ts'
import { toolRules } from './tool-rules.ts'
import { transcriptRules } from './transcript-rules.ts'

export const rules: readonly Rule[] = [
  ...streamRules,
  ...acknowledgedRules,
  ...runRules,
  ...toolRules,
  ...transcriptRules,
]

/** Holds what clients asked, were told and saw against what is stored and what tools did. */
export function checkEvidence(evidence: Evidence): Violation[] {
  return rules.flatMap(({ promise, name, find }) =>
    find(evidence).map((what) => ({ promise, what: `${name}: ${what}` })),
  )
}
