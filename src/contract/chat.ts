import { z } from '@hono/zod-openapi'
import { ContentPart, NewMessage } from './message.ts'
import { OnBusyBranch, RunOptions, RunRequest } from './run.ts'

/** What a run is started with: the messages alone, or with options. */
export const RunBody = z
  .union([
    z
      .array(NewMessage)
      .max(1000)
      .openapi('NewMessages', {
        description: 'The messages to add; an empty list continues from the stored history',
        example: [{ role: 'user', content: 'Hello!' }],
      }),
    RunRequest,
  ])
  .openapi('RunBody', { description: 'The messages alone, or with options' })
export type RunBody = z.infer<typeof RunBody>

const chatFields = {
  message: z.string().openapi({ description: 'What the user says', example: 'Hello!' }),
  multi_content: z
    .array(ContentPart)
    .optional()
    .openapi({ description: 'Images and files beside the text' }),
  ...RunOptions.shape,
}

export const ChatMessage = z
  .object(chatFields)
  .strict()
  .openapi('ChatMessage', { description: 'One message of the user, with the options of a run' })
export type ChatMessage = z.infer<typeof ChatMessage>

export const ChatRequest = z
  .object({
    ...chatFields,
    session_id: z.string().min(1).max(200).optional().openapi({
      description: 'A session; an unknown id makes one with that external id',
      example: 'support-1742',
    }),
    agent: z.string().min(1).max(200).optional().openapi({
      description: "An agent source; by default the session's, else the server's",
      example: 'assistant',
    }),
  })
  .strict()
  .openapi('ChatRequest', { description: 'One message to a session that may not exist yet' })
export type ChatRequest = z.infer<typeof ChatRequest>

/** What is said instead leaves nothing to steer, and takes the place of nothing but its sibling. */
export const BranchOptions = RunOptions.omit({ on_busy: true })
  .extend({ on_busy: OnBusyBranch.optional() })
  .strict()
  .openapi('BranchOptions', { description: 'What a caller may set for a run on a new branch' })
export type BranchOptions = z.infer<typeof BranchOptions>

export const MessageEdit = z
  .object({
    content: z.string().openapi({ description: 'What the user says instead', example: 'Hi!' }),
    multi_content: z
      .array(ContentPart)
      .optional()
      .openapi({ description: 'Images and files beside the text' }),
    ...BranchOptions.shape,
  })
  .strict()
  .openapi('MessageEdit', { description: 'A message in place of another, with options of a run' })
export type MessageEdit = z.infer<typeof MessageEdit>
