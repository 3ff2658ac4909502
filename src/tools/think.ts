import { z } from 'zod'
import { type Toolset, textResult } from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import { readToolsetConfig, toolsetOf } from './toolset-config.ts'

/** A place for the model to reason between calls; changes nothing. */
export function createThinkToolset(config: Record<string, unknown>): Toolset {
  const think = defineTool({
    name: 'think',
    description:
      'Writes down a thought. It finds nothing out and changes nothing; use it to plan or to check what a result means.',
    input: z.strictObject({ thought: z.string().min(1).describe('What is to be thought through') }),
    effect: 'read',
    harmless: true,
    annotations: {
      title: 'Think',
      read_only: true,
      destructive: false,
      idempotent: true,
      open_world: false,
    },
    execute: async () => textResult('The thought was noted.'),
  })
  return toolsetOf('think', [think], readToolsetConfig('think', {}, config))
}
