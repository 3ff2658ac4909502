import { z } from '@hono/zod-openapi'
import { Usage } from './usage.ts'

export const TextPart = z
  .object({ type: z.literal('text'), text: z.string().openapi({ example: 'Hello!' }) })
  .strict()
  .openapi('TextPart', { description: 'Text' })

export const ImagePart = z
  .object({
    type: z.literal('image_url'),
    image_url: z
      .object({
        url: z
          .string()
          .regex(
            /^([Dd][Aa][Tt][Aa]:|[Hh][Tt][Tt][Pp][Ss]?:\/\/)/,
            'must be a data: URL or an http(s) URL',
          )
          .openapi({ description: 'A data: URL or an http(s) URL' }),
        detail: z.enum(['auto', 'low', 'high']).optional(),
      })
      .strict()
      .openapi('ImageUrl', { description: 'Where the image is, and how closely to look' }),
  })
  .strict()
  .openapi('ImagePart', { description: 'An image' })

export const FilePart = z
  .object({
    type: z.literal('file'),
    file: z
      .object({
        file_id: z.string().optional().openapi({ description: 'The id of an uploaded file' }),
        file_data: z
          .string()
          .regex(/^[Dd][Aa][Tt][Aa]:/, 'must be a data: URL')
          .optional()
          .openapi({ description: 'A data: URL' }),
        filename: z.string().optional().openapi({ example: 'report.pdf' }),
      })
      .strict()
      .openapi('FileReference', { description: 'An uploaded file, or its content' }),
  })
  .strict()
  .openapi('FilePart', { description: 'Never a path on the server' })

export const ContentPart = z
  .discriminatedUnion('type', [TextPart, ImagePart, FilePart])
  .openapi('ContentPart', { description: 'A part of a message' })
export type ContentPart = z.infer<typeof ContentPart>

/** A call that the model made, in the form of Chat Completions; `arguments` is JSON text. */
export const ToolCall = z
  .object({
    id: z.string().openapi({ example: 'call_8f2a' }),
    type: z.literal('function'),
    function: z
      .object({
        name: z.string().openapi({ example: 'read_file' }),
        arguments: z.string().openapi({ example: '{"path":"README.md"}' }),
      })
      .openapi('FunctionCall', { description: 'The function and its arguments as JSON text' }),
  })
  .openapi('ToolCall', {
    description: 'A call that the model made, in the form of Chat Completions',
  })
export type ToolCall = z.infer<typeof ToolCall>

export const MessageRole = z
  .enum(['system', 'user', 'assistant', 'tool'])
  .openapi('MessageRole', { description: 'Who speaks' })
export type MessageRole = z.infer<typeof MessageRole>

export const FinishReason = z
  .enum(['stop', 'tool_calls', 'length', 'content_filter'])
  .openapi('FinishReason', { description: "Why the model's answer ended" })
export type FinishReason = z.infer<typeof FinishReason>

/** A stored message. */
export const Message = z
  .object({
    id: z.string().openapi({ example: 'msg_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    parent_id: z.string().nullable().openapi({ description: 'The message before it; null first' }),
    role: MessageRole,
    agent_name: z
      .string()
      .nullable()
      .openapi({ description: 'The agent that wrote it; null for posted messages' }),
    status: z.enum(['complete', 'incomplete']).openapi({
      description: 'incomplete: what had come when the run was cancelled, failed or cut by length',
    }),
    content: z.string().openapi({ description: 'The text' }),
    multi_content: z.array(ContentPart).optional(),
    tool_calls: z.array(ToolCall).optional(),
    tool_call_id: z.string().optional().openapi({ description: 'On tool messages: whose result' }),
    is_error: z.boolean().optional().openapi({ description: 'On tool messages: the call failed' }),
    reasoning: z.string().optional().openapi({ description: 'What the model thought' }),
    model: z.string().optional().openapi({ example: 'openai/gpt-5-mini' }),
    finish_reason: FinishReason.optional(),
    usage: Usage.optional(),
    cost: z
      .number()
      .nullable()
      .optional()
      .openapi({ description: 'US dollars; null when no price is known' }),
    implicit: z
      .boolean()
      .optional()
      .openapi({ description: 'Written by the server, not a person' }),
    created_at: z.iso.datetime().openapi({ example: '2026-01-31T12:00:00.000Z' }),
  })
  .openapi('Message', { description: 'A stored message' })
export type Message = z.infer<typeof Message>

/** A message with its place among those that follow the same message. */
export const ListedMessage = Message.extend({
  sibling_index: z.number().int().openapi({
    description: 'Its place among the messages with the same parent, the oldest is 0',
    example: 0,
  }),
  sibling_count: z
    .number()
    .int()
    .openapi({ description: 'How many messages have the same parent', example: 1 }),
  previous_sibling_id: z
    .string()
    .nullable()
    .openapi({ description: 'The sibling before it; listMessages shows its branch' }),
  next_sibling_id: z.string().nullable().openapi({ description: 'The sibling after it' }),
}).openapi('ListedMessage', { description: 'A stored message with its place among its siblings' })
export type ListedMessage = z.infer<typeof ListedMessage>

/** A message as it is posted. */
export const NewMessage = z
  .object({
    role: z.enum(['user', 'system']),
    content: z.string().openapi({ example: 'Hello!' }),
    multi_content: z.array(ContentPart).optional(),
  })
  .strict()
  .openapi('NewMessage', { description: 'A message as it is posted' })
export type NewMessage = z.infer<typeof NewMessage>
