import { z } from '@hono/zod-openapi'
import { JsonSchema } from './tool.ts'
import { anyToolNames, commonFields } from './toolset.ts'

const timeout = z.number().positive().max(300).optional()

/** A tool that is written in Python or JavaScript. */
export const CodeTool = z
  .object({
    name: z
      .string()
      .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'a name is up to 64 letters, digits, _ and -')
      .describe('What the model calls it'),
    description: z
      .string()
      .describe('What the model is told it does; by default the one in the schema')
      .optional(),
    file: z.string().min(1).describe('The code; starts beside this file').optional(),
    code: z.string().min(1).max(262_144).describe('The code itself, instead of a file').optional(),
    schema: z
      .union([JsonSchema, z.string().min(1)])
      .describe(
        'The JSON Schema of the arguments, or a whole tool description, or the JSON file that holds it',
      )
      .optional(),
    timeout: timeout.describe('Seconds for a call; computing ends after 10 anyway'),
  })
  .strict()
  .refine(({ file, code }) => (file === undefined) !== (code === undefined), {
    message: 'either file or code is needed',
  })
  .openapi('CodeTool', { description: 'A tool in Python or JavaScript; it runs isolated' })
export type CodeTool = z.infer<typeof CodeTool>

const tools = z.array(CodeTool).min(1).max(64)

export const CodeToolset = z
  .object({
    type: z
      .literal('code')
      .describe('Tools in Python and JavaScript, isolated; only with --enable-code'),
    python: tools.describe('Each defines execute(args) or run(**args)').optional(),
    javascript: tools.describe('Each exports execute(args)').optional(),
    timeout: timeout.describe('Seconds for a call of each tool that does not say; 30 by default'),
    tools: anyToolNames,
    ...commonFields,
  })
  .strict()
  .openapi('CodeToolset')
