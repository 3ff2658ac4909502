import { z } from 'zod'
import { type Toolset, textResult } from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import { readToolsetConfig, toolsetOf } from './toolset-config.ts'

/** Asks the user something through an elicitation; the run waits without holding a process. */
export function createUserPromptToolset(config: Record<string, unknown>): Toolset {
  const userPrompt = defineTool({
    name: 'user_prompt',
    description:
      'Asks the user a question and waits for the answer. The result is {"action": "accept" | "decline" | "cancel", "content": {…} | null}: go on without the answer when it is not accept.',
    input: z.strictObject({
      message: z.string().min(1).max(4000).describe('The question, as the user reads it'),
      schema: z
        .record(z.string(), z.unknown())
        .optional()
        .describe(
          'A JSON Schema of type object with flat properties, for a form; without it the user answers in one text field',
        ),
    }),
    effect: 'read',
    harmless: true,
    annotations: {
      title: 'Ask the user',
      read_only: true,
      destructive: false,
      idempotent: true,
      open_world: false,
    },
    timeout: 0,
    async execute({ message, schema = oneTextField }, { answer }) {
      if (!answer) return { type: 'elicit', request: { message, mode: 'form', schema } }
      const { action, content } = answer
      return textResult(JSON.stringify({ action, content }))
    },
  })
  return toolsetOf(
    'user_prompt',
    [{ ...userPrompt, parks: true }],
    readToolsetConfig('user_prompt', {}, config),
  )
}

const oneTextField = {
  type: 'object',
  properties: { answer: { type: 'string', title: 'Answer' } },
  required: ['answer'],
}
