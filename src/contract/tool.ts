import { z } from '@hono/zod-openapi'

/** JSON Schema is passed through as it is. */
export const JsonSchema = z
  .record(z.string(), z.unknown())
  .openapi('JsonSchema', { description: 'A JSON Schema (2020-12)' })
export type JsonSchema = z.infer<typeof JsonSchema>

export const ToolAnnotations = z
  .object({
    title: z.string().optional().openapi({ description: 'A short name of the conversation' }),
    read_only: z.boolean().optional().openapi({ description: 'Changes nothing' }),
    destructive: z.boolean().optional().openapi({ description: 'May destroy something' }),
    idempotent: z.boolean().optional().openapi({ description: 'Twice is the same as once' }),
    open_world: z.boolean().optional().openapi({ description: 'Reaches beyond the server' }),
  })
  .openapi('ToolAnnotations', { description: 'What a tool says about its effects' })
export type ToolAnnotations = z.infer<typeof ToolAnnotations>

/** What may happen to a call that was running when its process died. */
export const ToolEffect = z.enum(['read', 'idempotent', 'once']).openapi('ToolEffect', {
  description: 'read and idempotent calls run again after a crash; once calls become unknown',
})
export type ToolEffect = z.infer<typeof ToolEffect>

export const ToolDefinition = z
  .object({
    name: z.string().openapi({ example: 'read_file' }),
    description: z.string().openapi({ description: 'What it is for' }),
    parameters: JsonSchema,
    output_schema: JsonSchema.optional(),
    annotations: ToolAnnotations,
    effect: ToolEffect,
  })
  .openapi('ToolDefinition', { description: 'A tool as the model sees it' })
export type ToolDefinition = z.infer<typeof ToolDefinition>

/** A tool that the caller runs itself, in the function form of Chat Completions. */
export const ClientTool = z
  .object({
    type: z.literal('function'),
    function: z
      .object({
        name: z
          .string()
          .regex(/^[a-zA-Z0-9_-]{1,64}$/)
          .openapi({ example: 'get_location' }),
        description: z.string().optional().openapi({ description: 'What it is for' }),
        parameters: JsonSchema.optional(),
        strict: z
          .boolean()
          .nullable()
          .optional()
          .openapi({ description: 'Arguments follow the schema exactly' }),
      })
      .strict()
      .openapi('ClientFunction', { description: 'What the model may call' }),
  })
  .strict()
  .openapi('ClientTool', {
    description: 'A tool that the caller runs, in the function form of Chat Completions',
  })
export type ClientTool = z.infer<typeof ClientTool>

export const ToolImage = z
  .object({
    data: z.string().openapi({ description: 'Base64' }),
    mime_type: z.string().openapi({ example: 'image/png' }),
  })
  .openapi('ToolImage', { description: 'An image that a tool gave' })
export type ToolImage = z.infer<typeof ToolImage>

export const ToolResult = z
  .object({
    output: z.string().openapi({ description: 'The text for the model' }),
    is_error: z.boolean().openapi({ description: 'The call failed' }),
    structured: z.unknown().optional().openapi({ description: 'The same for programs' }),
    images: z.array(ToolImage).optional(),
  })
  .openapi('ToolResult', { description: 'What a call gave' })
export type ToolResult = z.infer<typeof ToolResult>

export const ToolCallState = z
  .enum([
    'proposed',
    'awaiting',
    'approved',
    'started',
    'succeeded',
    'failed',
    'timed_out',
    'denied',
    'expired',
    'cancelled',
    'unknown',
  ])
  .openapi('ToolCallState', { description: 'Where a call is' })
export type ToolCallState = z.infer<typeof ToolCallState>

/** The states a call can end in. */
export const FinalToolCallState = ToolCallState.extract([
  'succeeded',
  'failed',
  'timed_out',
  'denied',
  'expired',
  'cancelled',
  'unknown',
]).openapi('FinalToolCallState', { description: 'The state that a call ended in' })
export type FinalToolCallState = z.infer<typeof FinalToolCallState>

export const Permissions = z
  .object({
    allow: z.array(z.string().max(256)).optional(),
    ask: z.array(z.string().max(256)).optional(),
    deny: z.array(z.string().max(256)).optional(),
  })
  .strict()
  .openapi('Permissions', {
    description: 'Patterns `tool` or `tool:arg=glob`; deny wins over everything',
    example: { allow: ['read_file'], ask: ['write_*'], deny: ['shell:cmd=rm*'] },
  })
export type Permissions = z.infer<typeof Permissions>
