import type { FieldError } from '#contract/problem.ts'
import type { JsonSchema } from '#contract/tool.ts'

export type DescribedTool = { name?: string; description?: string; parameters: JsonSchema }

/**
 * Reads `schema_json`: the JSON Schema of the arguments, or a whole tool description in one of the
 * two forms of the function call APIs, as an object or as its text. Nothing is no arguments.
 */
export function toolFromSchemaJson(
  schemaJson: unknown,
): { tool: DescribedTool } | { problems: FieldError[] } {
  const given = typeof schemaJson === 'string' ? parseText(schemaJson) : schemaJson
  if (given === undefined || given === null) return { tool: { parameters: { type: 'object' } } }
  if (!isObject(given)) {
    return problem('schema_json', 'is no JSON object; give a JSON Schema or a tool description')
  }
  const size = sizeOf(given)
  if (size > mostCharacters) {
    return problem('schema_json', `has ${size} characters; at most ${mostCharacters}`)
  }
  const { description, path } = findDescription(given)
  const parameters = description ? (description.parameters ?? { type: 'object' }) : given
  const problems = schemaProblems(parameters, path, 0)
  if (isObject(parameters) && !['object', undefined].includes(textAt(parameters, 'type'))) {
    problems.push({ path: `${path}.type`, message: 'arguments are named, so it must be "object"' })
  }
  if (problems.length > 0 || !isObject(parameters)) return { problems: problems.slice(0, 20) }
  const name = description && textAt(description, 'name')
  const text = textAt(description ?? given, 'description')
  return {
    tool: {
      parameters: parameters.type === undefined ? { type: 'object', ...parameters } : parameters,
      ...(name === undefined ? {} : { name }),
      ...(text === undefined ? {} : { description: text }),
    },
  }
}

const mostCharacters = 64 * 1024
const deepest = 32

type Description = { description: Record<string, unknown> | undefined; path: string }

/** A schema has a `type` that is no function, or `properties`; a description has `parameters`. */
function findDescription(given: Record<string, unknown>): Description {
  const wrapped = given.function
  if (given.type === 'function' && isObject(wrapped)) {
    return { description: wrapped, path: 'schema_json.function.parameters' }
  }
  const isDescription =
    given.type === 'function' || (given.type === undefined && isObject(given.parameters))
  return isDescription
    ? { description: given, path: 'schema_json.parameters' }
    : { description: undefined, path: 'schema_json' }
}

const types = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']
const schemaKeywords = ['items', 'additionalProperties', 'contains', 'not', 'if', 'then', 'else']
const listKeywords = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const mapKeywords = ['properties', 'patternProperties', '$defs', 'definitions']

/** The mistakes that would let a tool be called with anything, or never. */
function schemaProblems(schema: unknown, path: string, depth: number): FieldError[] {
  if (typeof schema === 'boolean' && depth > 0) return []
  if (!isObject(schema)) return [{ path, message: 'is no JSON Schema: it must be an object' }]
  if (depth > deepest) return [{ path, message: `is nested deeper than ${deepest} levels` }]
  const below = (key: string, value: unknown) => schemaProblems(value, `${path}.${key}`, depth + 1)
  return [
    ...keywordProblems(schema, path),
    ...schemaKeywords.flatMap((key) => (key in schema ? below(key, schema[key]) : [])),
    ...listKeywords.flatMap((key) => {
      const list = schema[key]
      if (list === undefined) return []
      if (!Array.isArray(list)) return [{ path: `${path}.${key}`, message: 'must be a list' }]
      return list.flatMap((item, index) => below(`${key}.${index}`, item))
    }),
    ...mapKeywords.flatMap((key) => {
      const map = schema[key]
      if (map === undefined) return []
      if (!isObject(map)) return [{ path: `${path}.${key}`, message: 'must be an object' }]
      return Object.entries(map).flatMap(([name, item]) => below(`${key}.${name}`, item))
    }),
  ]
}

function keywordProblems(schema: Record<string, unknown>, path: string): FieldError[] {
  const problems: FieldError[] = []
  const { type, required, enum: values, pattern } = schema
  const named = type === undefined ? [] : [type].flat()
  if (!named.every((name) => types.includes(String(name)))) {
    problems.push({ path: `${path}.type`, message: `must be one of ${types.join(', ')}` })
  }
  const isNames = Array.isArray(required) && required.every((name) => typeof name === 'string')
  if (required !== undefined && !isNames) {
    problems.push({ path: `${path}.required`, message: 'must be a list of names' })
  }
  if (values !== undefined && !Array.isArray(values)) {
    problems.push({ path: `${path}.enum`, message: 'must be a list' })
  }
  if (pattern !== undefined && !isPattern(pattern)) {
    problems.push({ path: `${path}.pattern`, message: 'must be a regular expression' })
  }
  return problems
}

function isPattern(pattern: unknown): boolean {
  try {
    return typeof pattern === 'string' && new RegExp(pattern, 'u') !== null
  } catch {
    return false
  }
}

function parseText(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function sizeOf(value: Record<string, unknown>): number {
  try {
    return JSON.stringify(value).length
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textAt(value: Record<string, unknown>, key: string): string | undefined {
  const text = value[key]
  return typeof text === 'string' ? text : undefined
}

function problem(path: string, message: string): { problems: FieldError[] } {
  return { problems: [{ path, message }] }
}
