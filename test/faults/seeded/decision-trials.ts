import { ask } from '../client.ts'
import { type BugTrial, inHouse, instanceOf, visitOnly } from './bug-trial.ts'
import { begin, decideFor, expectSeen } from './conversation.ts'

/** The instance that takes a decision dies before it has committed it. */
export const acknowledgeBeforeCommit: BugTrial = {
  bug: 'acknowledge-before-commit',
  promise: 'R3',
  run: (world) => {
    const { random } = world
    const faults = { b: 'transaction.before-commit:kill:1' }
    return inHouse(world, { names: ['a', 'b'], faults }, async (house) => {
      visitOnly(house, 'a')
      const { session, run, viewer } = await begin(house, random, { kind: 'ask', item: 'now' })
      const { approval_id } = await viewer.until(({ type }) => type === 'tool_call_confirmation')
      const approval = String(approval_id)
      const decision = random.pick(['approve', 'reject'] as const)
      const answer = await ask(house, instanceOf(house, 'b'), {
        act: { type: 'decide', session, approval, decision },
        method: 'POST',
        path: `/api/approvals/${approval}`,
        body: { decision },
      })
      await instanceOf(house, 'b').gone()
      // Who got no answer asks again; who got one does not.
      if (!answer) await decideFor(house, { random, session, approval, decision })
      return expectSeen(viewer, { run, promise: 'R3', limit: 10_000 })
    })
  },
}

/** Many people decide the same thing, each in their own way. */
export const approveWithoutCompare: BugTrial = {
  bug: 'approve-without-compare',
  promise: 'R9',
  run: (world) => {
    const { random } = world
    return inHouse(world, { names: ['a'] }, async (house) => {
      const { session, run, viewer } = await begin(house, random, { kind: 'ask', item: 'all' })
      const { approval_id } = await viewer.until(({ type }) => type === 'tool_call_confirmation')
      const approval = String(approval_id)
      const decisions = Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? ('approve' as const) : ('reject' as const),
      )
      await Promise.all(
        decisions.map((decision) =>
          ask(house, instanceOf(house, 'a'), {
            act: { type: 'decide', session, approval, decision },
            method: 'POST',
            path: `/api/approvals/${approval}`,
            body: { decision },
          }),
        ),
      )
      return expectSeen(viewer, { run, promise: 'R4', limit: 10_000 })
    })
  },
}
