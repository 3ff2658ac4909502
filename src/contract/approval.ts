import { z } from '@hono/zod-openapi'
import { Budget } from './budget.ts'

const replacement = z
  .union([
    z.record(z.string(), z.unknown()),
    z.string().refine(isObjectText, { message: 'must be the JSON text of an object' }),
  ])
  .openapi('ToolArguments', {
    description: 'Arguments in place of the model’s: an object, or its JSON text',
    example: { path: 'notes.txt' },
  })
const reason = z
  .string()
  .max(2000)
  .optional()
  .openapi({ description: 'The model is told', example: 'Use the staging server' })

export const ResumeRequest = z
  .object({
    confirmation: z.enum(['approve', 'approve-session', 'approve-tool', 'reject']).openapi({
      description: 'This call, everything in the session, this tool in the session, or not',
    }),
    reason,
    tool_name: z.string().max(200).optional().openapi({ description: 'For approve-tool' }),
    tool_call_id: z
      .string()
      .max(200)
      .optional()
      .openapi({ description: 'Which call; by default the oldest that waits' }),
    arguments: replacement.optional(),
    budget: Budget.optional().openapi({
      description:
        'At a budget, with approve: the new limits in place of those it names; without it each limit that is reached grows by what it was at first',
    }),
  })
  .strict()
  .openapi('ResumeRequest', { description: 'What to do with what waits' })
export type ResumeRequest = z.infer<typeof ResumeRequest>

export const ApprovalDecision = z
  .object({
    decision: z.enum(['approve', 'reject']),
    scope: z.enum(['call', 'tool', 'session']).optional().openapi({
      description: 'Whether the decision also holds for the tool or everything in the session',
    }),
    reason,
    arguments: replacement.optional(),
  })
  .strict()
  .openapi('ApprovalDecision', { description: 'A decision about one call' })
export type ApprovalDecision = z.infer<typeof ApprovalDecision>

export const ElicitationReply = z
  .object({
    action: z.enum(['accept', 'decline', 'cancel']),
    content: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({ description: 'Fits the schema of the elicitation; with accept' }),
    elicitation_id: z
      .string()
      .max(200)
      .optional()
      .openapi({ description: 'Which one; by default the oldest that waits' }),
  })
  .strict()
  .openapi('ElicitationReply', { description: 'What the user answered' })
export type ElicitationReply = z.infer<typeof ElicitationReply>

export const ClientToolResult = z
  .object({
    tool_call_id: z.string().min(1).max(200).openapi({ example: 'call_8f2a' }),
    output: z.string().openapi({ description: 'The text for the model' }),
    is_error: z.boolean().optional().openapi({ description: 'The call failed' }),
  })
  .strict()
  .openapi('ClientToolResult', { description: 'What a tool of the caller gave' })
export type ClientToolResult = z.infer<typeof ClientToolResult>

export const ToolApproval = z
  .object({
    tools_approved: z.boolean().openapi({ description: 'Every call runs without asking' }),
  })
  .openapi('ToolApproval', { description: 'Whether every call runs without asking' })

export const Thinking = z
  .object({ thinking: z.boolean().openapi({ description: 'The model may reason first' }) })
  .openapi('Thinking', { description: 'Whether the model may reason first' })

function isObjectText(text: string): boolean {
  try {
    return z.record(z.string(), z.unknown()).safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}
