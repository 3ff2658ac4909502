import { z } from '@hono/zod-openapi'
import { Message, ToolCall } from './message.ts'
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
    title: z.string().nullable(),
    status: SessionStatus,
    active_run_id: z.string().nullable(),
    agent: z.string().nullable(),
    agent_name: z.string().nullable(),
    parent_id: z.string().nullable().openapi({ description: 'The session it came from' }),
    permissions: Permissions,
    tools_approved: z.boolean(),
    thinking: z.boolean(),
    working_dir: z.string().nullable(),
    max_iterations: z.number().int().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    usage: Usage,
    last_seq: z.number().int().openapi({ description: 'The newest event' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .openapi('Session')
export type Session = z.infer<typeof Session>

export const Approval = z
  .object({
    id: z.string().openapi({ example: 'apr_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    session_id: z.string(),
    run_id: z.string(),
    agent_name: z.string(),
    tool_call: ToolCall,
    tool_definition: ToolDefinition,
    status: z.enum(['pending', 'approved', 'rejected', 'expired', 'cancelled']),
    reason: z.string().nullable(),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    decided_at: z.iso.datetime().nullable(),
  })
  .openapi('Approval')
export type Approval = z.infer<typeof Approval>

export const Elicitation = z
  .object({
    id: z.string().openapi({ example: 'eli_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    session_id: z.string(),
    run_id: z.string(),
    message: z.string(),
    mode: z.enum(['form', 'url']),
    schema: JsonSchema.optional(),
    url: z.string().optional(),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
  })
  .openapi('Elicitation')
export type Elicitation = z.infer<typeof Elicitation>

/** A tool call that the caller has to run. */
export const PendingToolCall = z
  .object({ session_id: z.string(), run_id: z.string(), tool_call: ToolCall })
  .openapi('PendingToolCall')
export type PendingToolCall = z.infer<typeof PendingToolCall>

/** A session with what a page needs to show it. */
export const SessionDetail = Session.extend({
  pending_approvals: z.array(Approval),
  pending_elicitations: z.array(Elicitation),
  pending_tool_calls: z.array(PendingToolCall),
  messages: z.array(Message).openapi({ description: 'The newest of the active branch, in order' }),
  messages_cursor: z.string().nullable().openapi({
    description: 'For listMessages with order=desc: the ones before; null when all are here',
  }),
}).openapi('SessionDetail')
export type SessionDetail = z.infer<typeof SessionDetail>

const settings = {
  title: z.string().min(1).max(500).optional(),
  permissions: Permissions.optional(),
  tools_approved: z.boolean().optional(),
  thinking: z.boolean().optional(),
  max_iterations: z.number().int().min(1).max(1000).optional(),
  working_dir: z.string().max(4096).optional(),
  agent: z.string().max(200).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
}

export const NewSession = z
  .object({ external_id: z.string().min(1).max(200).optional(), ...settings })
  .strict()
  .openapi('NewSession')
export type NewSession = z.infer<typeof NewSession>

export const SessionPatch = z.object(settings).strict().openapi('SessionPatch')
export type SessionPatch = z.infer<typeof SessionPatch>

export const SessionTitlePatch = z
  .object({ title: z.string().min(1).max(500).openapi({ example: 'Holiday plans' }) })
  .strict()
  .openapi('SessionTitlePatch', { description: 'A new title' })

export const SessionTitle = z
  .object({ id: z.string(), title: z.string() })
  .openapi('SessionTitle', { description: 'A session with its new title' })

export const PermissionsPatch = z
  .object({ permissions: Permissions })
  .strict()
  .openapi('PermissionsPatch', { description: 'The permissions that replace the old ones' })

export const SessionPermissions = z
  .object({ id: z.string(), permissions: Permissions })
  .openapi('SessionPermissions', { description: 'A session with its new permissions' })
