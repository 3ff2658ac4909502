import { z } from 'zod'
import type { Tool, Toolset } from '#runtime/tool.ts'

/** The fields that every entry of `toolsets:` may have. */
const commonFields = {
  type: z.string().optional(),
  tools: z.array(z.string()).optional(),
  instruction: z.string().optional(),
  model: z.string().optional(),
  defer: z.union([z.boolean(), z.array(z.string())]).optional(),
}

/**
 * Reads a toolset's entry: its own fields and the common ones, nothing else. Throws an Error that
 * names each field that is wrong.
 */
export function readToolsetConfig<Fields extends z.ZodRawShape>(
  type: string,
  fields: Fields,
  config: Record<string, unknown>,
) {
  return readEntry(type, z.strictObject({ ...commonFields, ...fields }), config)
}

/** The same by a whole schema, as the contract has one for each type. */
export function readEntry<Schema extends z.ZodType>(
  type: string,
  schema: Schema,
  config: Record<string, unknown>,
): z.output<Schema> {
  const parsed = schema.safeParse(config)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`toolset ${type}: ${faults.join('; ')}`)
}

/** A toolset of tools that are the same for every session, less those that `tools:` leaves out. */
export function toolsetOf(
  type: string,
  all: Tool[],
  config: { tools?: string[] | undefined; instruction?: string | undefined },
): Toolset {
  const tools = chosenTools(type, all, config.tools)
  return {
    ...(config.instruction === undefined ? {} : { instruction: config.instruction }),
    tools: async () => tools,
  }
}

function chosenTools(type: string, all: Tool[], names: string[] | undefined): Tool[] {
  if (!names) return all
  const known = all.map((tool) => tool.definition.name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw new Error(
      `toolset ${type}: tools: there is no ${unknown.join(', ')}; it has ${known.join(', ')}`,
    )
  }
  return all.filter((tool) => names.includes(tool.definition.name))
}
