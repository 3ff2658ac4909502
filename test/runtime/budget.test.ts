import { expect, test } from 'vitest'
import { noUsage } from '#contract/usage.ts'
import { findReached, openBudget, raiseBudgets, stopBudgets } from '#runtime/budget.ts'

/** A run with a limit of 100 tokens and 3 tool calls. */
function spent({
  tokens = 0,
  toolCalls = 0,
  id = 'run_1',
  parentRunId = null,
}: {
  tokens?: number
  toolCalls?: number
  id?: string
  parentRunId?: string | null
}) {
  const usage = { ...noUsage, input_tokens: tokens }
  const budget = openBudget([{ tokens: 100, tool_calls: 3 }])
  return { id, parentRunId, usage, toolCalls, activeMs: 1500, budget }
}

test('of each limit the lowest holds, and what nobody limits is not limited', () => {
  const { limits } = openBudget([{ tokens: 5, cost: 2 }, undefined, { tokens: 9, seconds: 1 }])
  expect(limits).toEqual({ tokens: 5, cost: 2, seconds: 1 })
})

test('a limit is reached when it is spent to the last, not before', () => {
  expect(findReached(spent({ tokens: 99, toolCalls: 2 }))).toBeNull()
  expect(findReached(spent({ tokens: 100 }))).toEqual({
    runId: 'run_1',
    limit: 'tokens',
    allowed: 100,
    spent: 100,
  })
})

test('a limit on cost is not reached by calls that nobody knows the price of', () => {
  const run = { ...spent({}), budget: openBudget([{ cost: 0.1 }]) }
  expect(findReached(run)).toBeNull()
})

test('an approval adds what a limit was at first to what was spent, and leaves the others', () => {
  const [budget] = raiseBudgets([spent({ tokens: 350, toolCalls: 2 })]).values()
  expect(budget?.limits).toEqual({ tokens: 450, tool_calls: 3 })
  const again = { ...spent({ tokens: 460 }), budget: budget ?? openBudget([]) }
  expect(raiseBudgets([again]).get('run_1')?.limits).toMatchObject({ tokens: 560 })
})

test('only runs that reached a limit are raised', () => {
  const child = spent({ tokens: 100, id: 'run_2', parentRunId: 'run_1' })
  const raised = raiseBudgets([spent({ tokens: 20 }), child], { tokens: 500 })
  expect([...raised.keys()]).toEqual(['run_2'])
})

test('limits that leave nothing to spend are a problem that names them', () => {
  const raise = () => raiseBudgets([spent({ tokens: 350, toolCalls: 3 })], { tokens: 400 })
  expect(raise).toThrow(expect.objectContaining({ code: 'validation_failed' }))
})

test('a rejection stops the run that was asked for', () => {
  const child = spent({ tokens: 100, id: 'run_2', parentRunId: 'run_1' })
  const stopped = stopBudgets([spent({}), child])
  expect([...stopped].map(([id, { stopped }]) => [id, stopped])).toEqual([['run_1', true]])
})
