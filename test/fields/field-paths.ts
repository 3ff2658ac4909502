import type { z } from 'zod'

/**
 * Every field that a schema lets an author write, as paths from the top: `*` stands for a name of
 * the author's, an entry of a list adds nothing, and an arm of a union on `type` stands as `[name]`:
 * `agents.*.toolsets[filesystem].path`. A field that only holds other fields is shown by those;
 * one that also has a short form stands for that form itself.
 */
export function fieldPaths(schema: z.ZodType): string[] {
  return [...new Set(pathsBelow(schema, ''))].toSorted()
}

function pathsBelow(schema: z.ZodType, at: string): string[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([name, field]) => {
    // A word that can only be one tells arms of a union apart; it is no field of its own.
    if (name === 'type' && formsOf(field).every(({ form }) => isLiteral(form))) return []
    return fieldAt(field, at === '' ? name : `${at}.${name}`)
  })
}

/** The field itself where some form of it is a plain value, and what its other forms hold. */
function fieldAt(field: z.ZodType, path: string): string[] {
  return formsOf(field).flatMap(({ form, suffix }) => {
    const place = path + suffix
    return shapeOf(form) === undefined ? [path] : pathsBelow(form, place)
  })
}

type Form = { form: z.ZodType; suffix: string }

/** What may stand there, without the wrappings: arms of unions, entries of lists and of maps. */
function formsOf(schema: z.ZodType): Form[] {
  const definition = definitionOf(schema)
  switch (definition.type) {
    case 'optional':
    case 'nullable':
    case 'default':
      return formsOf(innerOf(definition.innerType))
    case 'pipe':
      return formsOf(innerOf(definition.in))
    case 'array':
      return formsOf(innerOf(definition.element))
    case 'record':
      return formsOf(innerOf(definition.valueType)).map(({ form, suffix }) => ({
        form,
        suffix: `.*${suffix}`,
      }))
    case 'union':
      return (definition.options ?? []).flatMap((option) =>
        formsOf(option).map(({ form, suffix }) => ({ form, suffix: armOf(option) + suffix })),
      )
    default:
      return [{ form: schema, suffix: '' }]
  }
}

/** `[filesystem]` for the arm of the toolset of that type. */
function armOf(option: z.ZodType): string {
  const type = shapeOf(option)?.type
  const [value] = (type && definitionOf(type).values) ?? []
  return value === undefined ? '' : `[${value}]`
}

function isLiteral(schema: z.ZodType): boolean {
  return definitionOf(schema).type === 'literal'
}

type Definition = {
  type: string
  innerType?: z.ZodType
  in?: z.ZodType
  element?: z.ZodType
  valueType?: z.ZodType
  options?: z.ZodType[]
  shape?: Record<string, z.ZodType>
  values?: unknown[]
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> | undefined {
  const { type, shape } = definitionOf(schema)
  return type === 'object' ? shape : undefined
}

/** The inside of a schema; zod types it by kind, and all kinds have at most these members. */
function definitionOf(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition
}

function innerOf(schema: z.ZodType | undefined): z.ZodType {
  if (schema === undefined) throw new Error('a wrapping without what it wraps')
  return schema
}
