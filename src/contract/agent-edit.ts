import { z } from '@hono/zod-openapi'
import { AgentFile } from './agent-file.ts'
import { AgentTool } from './agent-tool.ts'
import { pageOf } from './page.ts'

export const AgentSourceName = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/,
    'a name is up to 100 letters, digits, ., _ and -, and does not start with a dot or a dash',
  )
  .openapi({ description: 'The `{agent}` of the routes', example: 'support' })

const text = z.string().max(1_000_000)
const systemPrompt = text.openapi({ description: 'The system prompt', example: 'You help.' })

const WholeAgent = z
  .object({
    name: AgentSourceName,
    config: AgentFile.openapi({ description: 'A whole agent file as JSON' }),
  })
  .strict()
  .openapi('WholeAgent', { description: 'A new agent from a whole agent file' })

const ShortAgent = z
  .object({
    name: AgentSourceName,
    system_prompt: systemPrompt,
    model: text
      .min(1)
      .optional()
      .openapi({ description: '`provider/model`; by default what was detected' }),
    description: text.optional().openapi({ description: 'What it is for' }),
    version: text.optional().openapi({ description: "The author's own version", example: '1.0.0' }),
  })
  .strict()
  .openapi('ShortAgent', { description: 'A new agent in a few words' })

export const NewAgent = z.union([ShortAgent, WholeAgent]).openapi('NewAgent', {
  description: 'Either a whole agent file or the short form',
})
export type NewAgent = z.infer<typeof NewAgent>

export const AgentPatch = z
  .object({
    config: AgentFile.optional().openapi({
      description: 'A whole agent file in place of the old one; not together with the other fields',
    }),
    system_prompt: systemPrompt.optional(),
    model: text
      .min(1)
      .nullable()
      .optional()
      .openapi({ description: 'null: what was detected', example: 'openai/gpt-5-mini' }),
    description: text.nullable().optional().openapi({ description: 'null removes it' }),
    version: text
      .nullable()
      .optional()
      .openapi({ description: "The author's own version; null removes it", example: '1.0.1' }),
  })
  .strict()
  .refine(({ config, ...fields }) => config === undefined || Object.keys(fields).length === 0, {
    path: ['config'],
    message: 'give either config or single fields',
  })
  .openapi('AgentPatch', {
    description:
      'Only what is given changes; single fields are those of the agent that runs by default',
  })
export type AgentPatch = z.infer<typeof AgentPatch>

export const AgentDuplicate = z
  .object({ new_name: AgentSourceName })
  .strict()
  .openapi('AgentDuplicate', { description: 'What the copy is called' })

export const AgentPrompt = z
  .object({ content: text.openapi({ description: 'The system prompt', example: 'You help.' }) })
  .strict()
  .openapi('AgentPrompt', { description: 'The system prompt of the agent that runs by default' })
export type AgentPrompt = z.infer<typeof AgentPrompt>

export const AgentConfig = z
  .object({
    name: AgentSourceName,
    source: z
      .string()
      .openapi({ description: 'Where it came from', example: 'examples/assistant.yaml' }),
    format: z.enum(['yaml', 'json', 'toml']).openapi({ description: 'What `text` is written in' }),
    text: z.string().openapi({ description: 'The source as it is written; secrets are hidden' }),
    config: AgentFile.openapi({ description: 'The parsed file; secrets are hidden' }),
    prompt: z.string().openapi({ description: 'The system prompt' }),
    tools: z.array(AgentTool),
  })
  .openapi('AgentConfig', { description: 'All that an agent source is made of' })
export type AgentConfig = z.infer<typeof AgentConfig>

export const AgentVersion = z
  .object({
    version: z.string().openapi({
      description: 'Of the content; equal content has an equal version',
      example: '9f2c1d7ae0b34c58',
    }),
    revision: z.int().openapi({ description: 'Counts the changes of this name', example: 3 }),
    change: z
      .enum(['found', 'created', 'updated', 'restored', 'deleted'])
      .openapi({ description: 'What made it; found: it stood in a file before the first change' }),
    current: z.boolean().openapi({ description: 'Whether it is served now' }),
    created_by: z.string().openapi({ description: 'Who made it', example: 'local' }),
    created_at: z.iso.datetime().openapi({ example: '2026-01-31T12:00:00.000Z' }),
  })
  .openapi('AgentVersion', { description: 'A version of an agent that was made over the API' })
export type AgentVersion = z.infer<typeof AgentVersion>

export const AgentVersionContent = z
  .object({
    version: z.string().openapi({ description: 'Of the content', example: '9f2c1d7ae0b34c58' }),
    config: AgentFile.openapi({ description: 'The file as it was; secrets are hidden' }),
  })
  .openapi('AgentVersionContent', { description: 'What an agent was made of in a version' })
export type AgentVersionContent = z.infer<typeof AgentVersionContent>

export const AgentVersionPage = pageOf(AgentVersion, 'AgentVersionPage')
