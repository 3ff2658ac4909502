import { z } from '@hono/zod-openapi'
import { ListedMessage, ToolCall } from './message.ts'
import { JsonSchema, Permissions, ToolDefinition } from './tool.ts'
import { Usage } from './usage.ts'

export const SessionStatus = z
  .enum(['idle', 'queued', 'running', 'waiting'])
  .openapi('SessionStatus', { description: 'idle, or the status of the active run' })
export type SessionStatus = z.infer<typeof SessionStatus>

/** A conversation, without its messages. */
export const Session = z
  .object({
    id: z.string().openapi({ example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    external_id: z.string().nullable().openapi({ description: "The caller's own id" }),
    title: z.string().nullable().openapi({ description: 'A short name of the conversation' }),
    status: SessionStatus,
    active_run_id: z.string().nullable().openapi({ description: 'The run that is not over' }),
    agent: z.string().nullable().openapi({ description: 'The agent source' }),
    agent_name: z.string().nullable().openapi({ description: 'The agent inside the source' }),
    parent_id: z.string().nullable().openapi({ description: 'The session it came from' }),
    permissions: Permissions,
    tools_approved: z.boolean().openapi({ description: 'Every call runs without asking' }),
    thinking: z.boolean().openapi({ description: 'The model may reason first' }),
    working_dir: z
      .string()
      .nullable()
      .openapi({ description: 'Where file tools without a path of their own work' }),
    max_iterations: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'Model calls that one run may make' }),
    metadata: z.record(z.string(), z.unknown()).openapi({ description: "The caller's own data" }),
    usage: Usage,
    last_seq: z.number().int().openapi({ description: 'The newest event' }),
    leaf_message_id: z
      .string()
      .nullable()
      .openapi({ description: 'The newest message of the active branch; null without messages' }),
    created_at: z.iso.datetime().openapi({ example: '2026-01-31T12:00:00.000Z' }),
    updated_at: z.iso.datetime().openapi({ example: '2026-01-31T12:00:00.000Z' }),
  })
  .openapi('Session', { description: 'A conversation, without its messages' })
export type Session = z.infer<typeof Session>

export const Approval = z
  .object({
    id: z.string().openapi({ example: 'apr_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    session_id: z.string().openapi({ example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    run_id: z.string().openapi({ example: 'run_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    agent_name: z.string().openapi({ description: 'The agent inside the source' }),
    tool_call: ToolCall,
    tool_definition: ToolDefinition,
    status: z.enum(['pending', 'approved', 'rejected', 'expired', 'cancelled']),
    reason: z.string().nullable().openapi({ description: 'Why' }),
    created_at: z.iso.datetime().openapi({ example: '2026-01-31T12:00:00.000Z' }),
    expires_at: z.iso.datetime().openapi({ description: 'When it is decided without anybody' }),
    decided_at: z.iso.datetime().nullable().openapi({ description: 'When it was decided' }),
  })
  .openapi('Approval', { description: 'A tool call that waits for a person, or waited' })
export type Approval = z.infer<typeof Approval>

export const Elicitation = z
  .object({
    id: z.string().openapi({ example: 'eli_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    session_id: z.string().openapi({ example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    run_id: z.string().openapi({ example: 'run_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    message: z.string().openapi({ description: 'For people' }),
    mode: z.enum(['form', 'url']),
    schema: JsonSchema.optional(),
    url: z.string().optional().openapi({ description: 'Where the user goes to answer' }),
    created_at: z.iso.datetime().openapi({ example: '2026-01-31T12:00:00.000Z' }),
    expires_at: z.iso.datetime().openapi({ description: 'When it is decided without anybody' }),
  })
  .openapi('Elicitation', { description: 'A question to the user' })
export type Elicitation = z.infer<typeof Elicitation>

/** A tool call that the caller has to run. */
export const PendingToolCall = z
  .object({
    session_id: z.string().openapi({ example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    run_id: z.string().openapi({ example: 'run_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    tool_call: ToolCall,
  })
  .openapi('PendingToolCall', { description: 'A tool call that the caller has to run' })
export type PendingToolCall = z.infer<typeof PendingToolCall>

/** A session with what a page needs to show it. */
export const SessionDetail = Session.extend({
  pending_approvals: z.array(Approval),
  pending_elicitations: z.array(Elicitation),
  pending_tool_calls: z.array(PendingToolCall),
  messages: z
    .array(ListedMessage)
    .openapi({ description: 'The newest of the active branch, in order' }),
  messages_cursor: z.string().nullable().openapi({
    description: 'For listMessages with order=desc: the ones before; null when all are here',
  }),
}).openapi('SessionDetail', { description: 'A session with what a page needs to show it' })
export type SessionDetail = z.infer<typeof SessionDetail>

const settings = {
  title: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .openapi({ description: 'A short name of the conversation' }),
  permissions: Permissions.optional(),
  tools_approved: z.boolean().optional().openapi({ description: 'Every call runs without asking' }),
  thinking: z.boolean().optional().openapi({ description: 'The model may reason first' }),
  max_iterations: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .openapi({ description: 'Model calls that one run may make' }),
  working_dir: z
    .string()
    .max(4096)
    .optional()
    .openapi({ description: 'Where file tools without a path of their own work' }),
  agent: z.string().max(200).optional().openapi({ description: 'The agent source' }),
  metadata: z
    .record(z.string(), z.unknown())
    .optional()
    .openapi({ description: "The caller's own data" }),
}

export const NewSession = z
  .object({
    external_id: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .openapi({ description: "The caller's own id; accepted wherever a session id is" }),
    ...settings,
  })
  .strict()
  .openapi('NewSession', { description: 'What a session is to be; every field may be left out' })
export type NewSession = z.infer<typeof NewSession>

export const SessionPatch = z
  .object({
    ...settings,
    leaf_message_id: z.string().min(1).max(200).optional().openapi({
      description:
        'Makes the branch that ends with this message the active one: the next message follows it. Where results of tool calls come right after it, they belong to the branch. 409 `session_busy` while a run is active or waits.',
      example: 'msg_01k9zq6w0v6m3t8q4x1y2z3a4b',
    }),
  })
  .strict()
  .openapi('SessionPatch', { description: 'The fields of a session to set' })
export type SessionPatch = z.infer<typeof SessionPatch>

export const SessionTitlePatch = z
  .object({ title: z.string().min(1).max(500).openapi({ example: 'Holiday plans' }) })
  .strict()
  .openapi('SessionTitlePatch', { description: 'A new title' })

export const SessionTitle = z
  .object({
    id: z.string().openapi({ example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    title: z.string().openapi({ description: 'A short name of the conversation' }),
  })
  .openapi('SessionTitle', { description: 'A session with its new title' })

export const PermissionsPatch = z
  .object({ permissions: Permissions })
  .strict()
  .openapi('PermissionsPatch', { description: 'The permissions that replace the old ones' })

export const SessionPermissions = z
  .object({
    id: z.string().openapi({ example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    permissions: Permissions,
  })
  .openapi('SessionPermissions', { description: 'A session with its new permissions' })
