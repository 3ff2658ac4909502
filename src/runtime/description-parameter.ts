import type { JsonSchema } from '#contract/tool.ts'
import type { Tool, ToolContext } from './tool.ts'

/** The argument in which the model says what a call is for. */
export const descriptionParameter = 'description'

/**
 * The same tool with one more argument, which is for the people who watch and does not reach it. A
 * tool that has an argument of that name, or whose schema is not a plain object's, stays as it is.
 */
export function withDescriptionParameter<Described extends Omit<Tool, 'execute'> & Executable>(
  tool: Described,
): Described & { isDescribed?: true } {
  const { parameters } = tool.definition
  const properties = parameters.properties ?? {}
  if (!isPlainObject(parameters) || !isRecord(properties)) return tool
  if (Object.hasOwn(properties, descriptionParameter)) return tool
  const description = {
    type: 'string',
    maxLength: 1000,
    description: 'What this call is for, in a few words, for the people who watch',
  }
  return {
    ...tool,
    isDescribed: true,
    definition: {
      ...tool.definition,
      parameters: {
        ...parameters,
        type: 'object',
        properties: { ...properties, [descriptionParameter]: description },
      },
    },
    execute: ({ [descriptionParameter]: _, ...args }, context) => tool.execute(args, context),
  }
}

/** Tools of the runtime answer more than others may. */
type Executable = {
  execute(args: Record<string, unknown>, context: ToolContext): Promise<unknown>
}

const combinations = ['allOf', 'anyOf', 'oneOf', 'not', '$ref', 'if', 'unevaluatedProperties']

function isPlainObject(schema: JsonSchema): boolean {
  return combinations.every((keyword) => !Object.hasOwn(schema, keyword))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
