import { z } from 'zod'
import type { ToolAnnotations, ToolEffect } from '#contract/tool.ts'
import type { Tool, ToolContext, ToolOutcome } from '#runtime/tool.ts'

/**
 * A tool whose arguments are described once: `input` gives both the JSON Schema that the model is
 * shown and the type that `execute` gets. What `execute` throws becomes an error result.
 */
export function defineTool<Input extends z.ZodType<Record<string, unknown>>>({
  name,
  description,
  input,
  effect,
  annotations,
  timeout,
  harmless = false,
  execute,
}: {
  name: string
  description: string
  input: Input
  effect: ToolEffect
  annotations: ToolAnnotations
  timeout?: number
  /** Touches nothing outside, so it runs without being asked about. */
  harmless?: boolean
  execute(args: z.output<Input>, context: ToolContext): Promise<ToolOutcome>
}): Tool {
  const { $schema: _, ...parameters } = z.toJSONSchema(input, { io: 'input' })
  return {
    definition: { name, description, parameters, annotations, effect },
    ...(timeout === undefined ? {} : { timeout }),
    ...(harmless ? { harmless: true } : {}),
    execute: async (args, context) => execute(input.parse(args), context),
  }
}
