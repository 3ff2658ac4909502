import { z } from '@hono/zod-openapi'

export const ToolImplementation = z
  .enum(['python', 'javascript', 'builtin'])
  .openapi('ToolImplementation', { description: 'What a tool is made of' })
export type ToolImplementation = z.infer<typeof ToolImplementation>

export const AgentToolSummary = z
  .object({
    name: z.string().openapi({ description: 'As the model sees it', example: 'add' }),
    description: z.string().openapi({ description: 'What it is for', example: 'Adds numbers' }),
    implementation: ToolImplementation,
  })
  .openapi('AgentToolSummary', { description: 'A tool of an agent, as lists show it' })
export type AgentToolSummary = z.infer<typeof AgentToolSummary>

export const AgentTool = AgentToolSummary.extend({
  schema_json: z.string().openapi({
    description: 'The JSON Schema of the arguments, or a whole tool description, as JSON text',
    example: '{"type":"object","properties":{"a":{"type":"number"}}}',
  }),
  code: z
    .string()
    .nullable()
    .openapi({ description: 'null for tools that are not made of code of the agent' }),
}).openapi('AgentTool', { description: 'A tool of an agent with what it is made of' })
export type AgentTool = z.infer<typeof AgentTool>

const schemaJson = z.string().max(200_000).openapi({
  description: 'A JSON Schema for the arguments, or a whole tool description, as JSON text',
  example: '{"type":"object","properties":{"a":{"type":"number"}}}',
})
const pythonCode = z.string().max(500_000).openapi({
  description: 'Defines `execute(args)` or `run(**args)`',
  example: 'def execute(args):\n    return args["a"] + 1',
})
const javascriptCode = z.string().max(500_000).openapi({
  description: 'Exports `execute(args)`',
  example: 'export function execute({ a }) { return a + 1 }',
})

const oneCode = { path: ['python_code'], message: 'give either python_code or javascript_code' }

export const NewAgentTool = z
  .object({
    name: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, {
        message: 'a name is up to 64 letters, digits, _ and -, and starts with a letter',
      })
      .openapi({ description: 'As the model sees it', example: 'add' }),
    schema_json: schemaJson,
    python_code: pythonCode.optional(),
    javascript_code: javascriptCode.optional(),
  })
  .strict()
  .refine(
    ({ python_code, javascript_code }) =>
      (python_code === undefined) !== (javascript_code === undefined),
    oneCode,
  )
  .openapi('NewAgentTool', { description: 'A tool in Python or JavaScript; give one of the two' })
export type NewAgentTool = z.infer<typeof NewAgentTool>

export const AgentToolPatch = z
  .object({
    schema_json: schemaJson.optional(),
    python_code: pythonCode.optional(),
    javascript_code: javascriptCode.optional(),
  })
  .strict()
  .refine(
    ({ python_code, javascript_code }) =>
      python_code === undefined || javascript_code === undefined,
    oneCode,
  )
  .openapi('AgentToolPatch', { description: 'Only what is given changes' })
export type AgentToolPatch = z.infer<typeof AgentToolPatch>
