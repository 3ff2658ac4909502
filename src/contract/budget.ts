import { z } from '@hono/zod-openapi'

/** What a run may spend before somebody is asked. What is not there is not limited. */
export const Budget = z
  .object({
    cost: z
      .number()
      .positive()
      .max(1_000_000)
      .describe('US dollars of model calls with a known price')
      .optional()
      .openapi({ example: 0.5 }),
    tokens: z
      .int()
      .min(1)
      .max(1_000_000_000_000)
      .describe('Tokens of prompts and answers together')
      .optional()
      .openapi({ example: 200_000 }),
    tool_calls: z
      .int()
      .min(1)
      .max(1_000_000)
      .describe('Tool calls that begin')
      .optional()
      .openapi({ example: 50 }),
    seconds: z
      .number()
      .positive()
      .max(10_000_000)
      .describe('Time at work; time parked does not count')
      .optional()
      .openapi({ example: 600 }),
  })
  .strict()
  .openapi('Budget', {
    description: 'What a run, with its sub-agents, may spend before it asks to go on',
  })
export type Budget = z.infer<typeof Budget>

export const BudgetLimit = z
  .enum(['cost', 'tokens', 'tool_calls', 'seconds'])
  .openapi('BudgetLimit', { description: 'A limit of a budget' })
export type BudgetLimit = z.infer<typeof BudgetLimit>

/** The limits in force, and what each run got first: what one approval adds. */
export type RunBudget = {
  limits: Budget
  portions: Budget
  /** Somebody was asked and said no: the run ends where it stands. */
  stopped?: true
}
