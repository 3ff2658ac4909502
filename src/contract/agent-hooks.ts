import { z } from '@hono/zod-openapi'

/** A command that is told what happens and may have a say in it. */
export const HookCommand = z
  .object({
    type: z.literal('command').describe('What kind of hook it is').optional(),
    command: z
      .string()
      .min(1)
      .max(100_000)
      .describe('For /bin/sh, in the folder of this file; reads one JSON object from its stdin'),
    timeout: z.int().min(1).max(600).describe('Seconds; 60 when missing').optional(),
  })
  .strict()
  .openapi('HookCommand', { description: 'A command that is told what happens' })
export type HookCommand = z.infer<typeof HookCommand>

const commands = z.array(HookCommand).max(16)

/** Commands for the calls of some tools. */
export const ToolHook = z
  .object({
    matcher: z
      .string()
      .max(1000)
      .refine(isExpression, { message: 'no regular expression; write one such as shell|write_.*' })
      .describe(
        'A regular expression for the whole name of a tool, case-sensitive; all tools when missing, empty or *',
      )
      .optional(),
    hooks: commands.min(1).describe('The commands; all run at the same time'),
  })
  .strict()
  .openapi('ToolHook', { description: 'Commands for the calls of some tools' })
export type ToolHook = z.infer<typeof ToolHook>

const toolHooks = z.array(ToolHook).max(64)

/** The `hooks:` of an agent. */
export const AgentHooks = z
  .object({
    pre_tool_use: toolHooks
      .describe('Before a tool runs: may allow, deny, ask, or change the arguments')
      .optional(),
    post_tool_use: toolHooks
      .describe('After a tool ran: may add to what the model is told')
      .optional(),
    session_start: commands
      .describe('Before the first step of the agent in a session: may add to its prompt')
      .optional(),
    session_end: commands
      .describe('After each run of the agent, and when its session is deleted')
      .optional(),
    on_user_input: commands.describe('When a run begins to wait for a person').optional(),
  })
  .strict()
  .openapi('AgentHooks', {
    description: 'Commands that run when something happens; only in files, with --enable-shell',
  })
export type AgentHooks = z.infer<typeof AgentHooks>

function isExpression(text: string): boolean {
  try {
    new RegExp(text === '*' ? '' : text)
    return true
  } catch {
    return false
  }
}
