import { z } from '@hono/zod-openapi'
import { AgentFile } from './agent-file.ts'

export const AgentSummary = z
  .object({
    name: z.string().openapi({ description: 'The `{agent}` of the routes', example: 'assistant' }),
    description: z
      .string()
      .openapi({ description: 'What it is for', example: 'Answers questions' }),
    multi: z.boolean().openapi({ description: 'The source has more than one agent' }),
    model: z
      .string()
      .nullable()
      .openapi({ description: 'As the file names it; null: what was detected' }),
    version: z
      .string()
      .openapi({ description: 'Changes with the file', example: '9f2c1d7ae0b34c58' }),
    tool_count: z.int().openapi({
      description:
        'Tools of the agent that runs by default; without those of a toolset that fails, or does not tell them within two seconds',
    }),
    tools: z.array(z.string()).openapi({ description: 'Their names', example: ['read_file'] }),
    source: z
      .string()
      .openapi({ description: 'Where it came from', example: 'examples/assistant.yaml' }),
    writable: z.boolean().openapi({ description: 'Whether the API may change it' }),
  })
  .openapi('AgentSummary', { description: 'An agent source, as lists show it' })
export type AgentSummary = z.infer<typeof AgentSummary>

export const AgentDetail = AgentSummary.extend({
  config: AgentFile.openapi({ description: 'The parsed file; secrets stay the names they are' }),
}).openapi('AgentDetail', { description: 'An agent source with its configuration' })
export type AgentDetail = z.infer<typeof AgentDetail>

export const ToolCount = z
  .object({ available_tools: z.int().openapi({ description: 'How many', example: 7 }) })
  .openapi('ToolCount', { description: 'The number of tools that an agent has' })
export type ToolCount = z.infer<typeof ToolCount>

export const ModelPricing = z
  .object({
    input: z.number().openapi({ description: 'Of tokens of the prompt', example: 0.25 }),
    output: z.number().openapi({ description: 'Of tokens of the answer', example: 2 }),
    cached_input: z.number().openapi({ description: 'Of cached tokens of the prompt' }),
    as_of: z.string().optional().openapi({
      description: 'The month of a price that came with the server',
      example: '2025-11',
    }),
  })
  .openapi('ModelPricing', {
    description: 'US dollars for one million tokens; missing when no price is known',
  })
export type ModelPricing = z.infer<typeof ModelPricing>

export const ModelInfo = z
  .object({
    id: z.string().openapi({ description: '`provider/model`', example: 'openai/gpt-5-mini' }),
    provider: z.string().openapi({ example: 'openai' }),
    name: z.string().openapi({ example: 'gpt-5-mini' }),
    is_default: z.boolean().openapi({ description: 'Answers when a file names no model' }),
    context_window: z.int().optional().openapi({ description: 'In tokens', example: 128_000 }),
    pricing: ModelPricing.optional(),
  })
  .openapi('Model', { description: 'A model that agents can use' })

export const Stats = z
  .object({
    agent_count: z.int().openapi({ example: 3 }),
    session_count: z.int().openapi({
      description: 'Sessions; an estimate where there are more than 1,000',
      example: 120,
    }),
    run_count: z.int().openapi({
      description: 'Runs; an estimate where there are more than 10,000, or 1,000 sessions',
      example: 450,
    }),
    running: z.int().openapi({ description: 'Runs that are not over, 10,000 for more' }),
    estimated: z.boolean().openapi({
      description: "Whether a count is an estimate, made of the database's statistics",
      example: false,
    }),
  })
  .openapi('Stats', { description: 'What there is on this server' })
export type Stats = z.infer<typeof Stats>
