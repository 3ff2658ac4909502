import type { PromiseId } from './evidence.ts'

/** What is promised, in a few words; `docs/reliability.md` says more. */
export const promises: Record<PromiseId, string> = {
  R1: 'what a client saw is stored, byte for byte',
  R2: 'a stream goes on exactly where it was left, at any instance',
  R3: 'what was acknowledged survives kill -9',
  R4: 'no conversation stays stuck',
  R5: 'a tool that must run once never runs twice',
  R6: 'an instance that lost its run writes nothing',
  R7: 'one run at a time in a conversation',
  R8: 'one Idempotency-Key has one effect and one answer',
  R9: 'an approval counts once, for the call it was asked for',
  R10: 'the model is always shown whole exchanges',
  R11: 'half an answer is never a whole one',
  R12: 'slow readers cost nobody anything',
  R13: 'a server that is stopped drains',
  R14: 'Postgres may go away',
  R15: 'lost notifications cost time, never events',
  R16: 'cancel stops it',
  R17: 'the embedded database survives kill -9, and one process has it',
  R18: 'clocks that jump change nothing but timestamps',
  R19: 'a full disk is an error, not a corruption',
  R20: 'what an older version left in the middle goes on',
}
