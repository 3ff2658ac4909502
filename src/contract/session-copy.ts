import { z } from '@hono/zod-openapi'
import { Message } from './message.ts'
import { Run, RunStatus } from './run.ts'
import { Session } from './session.ts'
import { FinalToolCallState, ToolEffect, ToolResult } from './tool.ts'
import { Usage } from './usage.ts'

export const SessionFork = z
  .object({
    message_id: z.string().min(1).max(200).optional().openapi({
      description:
        'The last message to copy, of any branch; with the results of its tool calls. By default the newest of the active branch',
      example: 'msg_01k9zq6w0v6m3t8q4x1y2z3a4b',
    }),
    title: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .openapi({ description: 'Of the new session; by default the same' }),
  })
  .strict()
  .openapi('SessionFork', { description: 'How far to copy a conversation' })
export type SessionFork = z.infer<typeof SessionFork>

const id = z.string().min(1).max(200)
const tokens = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const iterations = z.number().int().min(0).max(1_000_000)
/** What the database takes for a time, too. */
const time = z.iso
  .datetime()
  .refine((text) => text >= '1970', 'must be a time since 1970')
  .openapi({ example: '2026-01-31T12:00:00.000Z' })

export const ExportedUsage = Usage.extend({
  input_tokens: tokens.openapi({ description: 'Tokens of the prompts' }),
  output_tokens: tokens.openapi({ description: 'Tokens of the answers' }),
  cached_input_tokens: tokens.openapi({ description: 'Part of input_tokens' }),
  reasoning_tokens: tokens.openapi({ description: 'Part of output_tokens' }),
})
  .strict()
  .openapi('ExportedUsage', { description: 'Tokens and cost of model calls' })

export const ExportedSettings = Session.pick({
  title: true,
  agent: true,
  agent_name: true,
  permissions: true,
  tools_approved: true,
  thinking: true,
  working_dir: true,
  metadata: true,
})
  .extend({
    max_iterations: iterations
      .nullable()
      .openapi({ description: 'Model calls that one run may make' }),
    usage: ExportedUsage,
    created_at: time,
  })
  .strict()
  .openapi('ExportedSettings', { description: 'What a session is apart from its messages' })

export const ExportedMessage = Message.extend({
  id: id.openapi({ example: 'msg_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
  parent_id: id.nullable().openapi({ description: 'The message before it; null first' }),
  created_at: time,
})
  .strict()
  .openapi('ExportedMessage', {
    description: 'A message as it is stored; the one before it comes earlier',
  })

export const ExportedSummary = z
  .object({
    message_id: id.openapi({ description: 'The last message that it stands for' }),
    text: z.string().openapi({ description: 'What prompts say in the place of the messages' }),
    created_at: time,
  })
  .strict()
  .openapi('ExportedSummary', { description: 'What stands for older messages in prompts' })

export const ExportedRun = Run.omit({ session_id: true, waiting_for: true })
  .extend({
    id: id.openapi({ example: 'run_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    status: RunStatus.extract(['completed', 'failed', 'cancelled']),
    iterations: iterations.openapi({ description: 'Model calls made' }),
    tool_calls: iterations.openapi({ description: 'Tool calls begun' }),
    usage: ExportedUsage,
    created_at: time,
    started_at: time.nullable().openapi({ description: 'When the loop began' }),
    finished_at: time.openapi({ description: 'When it was over' }),
  })
  .strict()
  .openapi('ExportedRun', { description: 'A run that is over' })

export const ExportedToolCall = z
  .object({
    id: id.openapi({ example: 'call_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    run_id: id.openapi({ description: 'One of `runs`' }),
    message_id: id.openapi({ description: 'The answer that asked for it, one of `messages`' }),
    ordinal: z
      .number()
      .int()
      .min(0)
      .max(10_000)
      .openapi({ description: 'Its place in the answer' }),
    tool_call_id: z.string().max(500).openapi({ description: "The model's id for it" }),
    tool: z.string().max(500).openapi({ example: 'read_file' }),
    arguments: z.string().openapi({ description: 'JSON text', example: '{"path":"README.md"}' }),
    args_hash: z.string().max(200).openapi({ description: 'Equal for equal calls' }),
    executor: z.enum(['server', 'client']).openapi({ description: 'Who ran it' }),
    effect: ToolEffect,
    state: FinalToolCallState,
    result: z.union([ToolResult, z.null()]),
    created_at: time,
    started_at: time.nullable().openapi({ description: 'When it began to run' }),
    finished_at: time.nullable().openapi({ description: 'When it was over' }),
  })
  .strict()
  .openapi('ExportedToolCall', { description: 'A tool call that is over' })

/** A whole conversation as one document. */
export const SessionExport = z
  .object({
    format: z.literal('parley.session').openapi({ description: 'What this document is' }),
    version: z.literal(1).openapi({ type: 'integer', enum: [1], description: 'Of the format' }),
    exported_at: time,
    session: ExportedSettings,
    leaf_message_id: id
      .nullable()
      .openapi({ description: 'The newest message of the active branch' }),
    messages: z
      .array(ExportedMessage)
      .max(50_000)
      .openapi({ description: 'All branches, in the order in which they were written' }),
    summaries: z.array(ExportedSummary).max(10_000),
    runs: z.array(ExportedRun).max(50_000).openapi({ description: 'Those that are over' }),
    tool_calls: z.array(ExportedToolCall).max(50_000),
  })
  .strict()
  .openapi('SessionExport', {
    description:
      'A conversation: its settings, the tree of its messages, its runs and tool calls. No secrets, and no events',
  })
export type SessionExport = z.infer<typeof SessionExport>
