import type { JsonSchema } from '#contract/tool.ts'
import { isRecord, type JsonRecord } from './openapi-document.ts'
import { follow } from './openapi-reference.ts'

/** Schemas of one operation; what is beyond stays open, and the service checks it. */
const mostNodes = 2000
const deepest = 24

/**
 * A schema of an OpenAPI document as one JSON Schema that stands for itself: references are put in
 * place, one that leads back to where it stands becomes "anything", and what the dialect of 3.0
 * writes otherwise is translated. Keywords that are not known are left out.
 */
export function createSchemaReader(root: JsonRecord): (schema: unknown) => JsonSchema {
  let left = mostNodes
  function read(node: unknown, chain: string[], depth: number): JsonSchema {
    left -= 1
    if (node === false) return { not: {} }
    if (!isRecord(node) || left < 0 || depth > deepest) return {}
    if (typeof node.$ref === 'string') return readReference(node, node.$ref, chain, depth)
    const schema: JsonSchema = {}
    const below = (item: unknown) => read(item, chain, depth + 1)
    for (const [key, value] of Object.entries(node)) {
      const copy = readers[key]?.(value, below)
      if (copy !== undefined) schema[key] = copy
    }
    return translated(schema, node)
  }

  function readReference(
    { $ref: _, ...beside }: JsonRecord,
    reference: string,
    chain: string[],
    depth: number,
  ): JsonSchema {
    if (chain.includes(reference)) return {}
    const target = read(follow(root, reference), [...chain, reference], depth + 1)
    return Object.keys(beside).length === 0
      ? target
      : { ...target, ...read(beside, chain, depth + 1) }
  }

  return (schema) => read(schema, [], 0)
}

type Below = (schema: unknown) => JsonSchema
type Reader = (value: unknown, below: Below) => unknown

const small: Reader = (value) => (isSmall(value) ? value : undefined)
const number: Reader = (value) => (typeof value === 'number' ? value : undefined)
const count: Reader = (value) => (Number.isSafeInteger(value) ? value : undefined)
const flag: Reader = (value) => (typeof value === 'boolean' ? value : undefined)
const list: Reader = (value) => (Array.isArray(value) && isSmall(value) ? value : undefined)
const one: Reader = (value, below) => below(value)
const several: Reader = (value, below) =>
  Array.isArray(value) && value.length > 0 ? value.map(below) : undefined
const shortText: Reader = (value) =>
  typeof value === 'string' ? value.slice(0, longestDescription).toWellFormed() : undefined
const longestDescription = 1000

const readers: Record<string, Reader> = {
  type: (value) => (typeof value === 'string' || Array.isArray(value) ? value : undefined),
  title: shortText,
  description: shortText,
  default: small,
  const: small,
  enum: list,
  format: (value) => (typeof value === 'string' ? value : undefined),
  pattern: (value) => (isPattern(value) ? value : undefined),
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: number,
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  uniqueItems: flag,
  minProperties: count,
  maxProperties: count,
  required: list,
  items: one,
  prefixItems: several,
  additionalProperties: (value, below) => (value === false ? false : below(value)),
  properties: (value, below) =>
    isRecord(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, property]) => !isReadOnly(property))
            .map(([name, property]) => [name, below(property)]),
        )
      : undefined,
  allOf: several,
  anyOf: several,
  oneOf: several,
  not: one,
}

/** Aliases of YAML can make a value that holds itself. */
function isSmall(value: unknown): boolean {
  try {
    return JSON.stringify(value).length <= longestValue
  } catch {
    return false
  }
}

const longestValue = 4000

/** A caller does not send what only the service sets. */
function isReadOnly(schema: unknown): boolean {
  return isRecord(schema) && schema.readOnly === true
}

function isPattern(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    new RegExp(value, 'u')
    return true
  } catch {
    return false
  }
}

/** What 3.0 writes otherwise than JSON Schema, and what depends on more than one keyword. */
function translated(schema: JsonSchema, node: JsonRecord): JsonSchema {
  for (const [limit, exclusive] of strictLimits) {
    if (node[exclusive] !== true || schema[limit] === undefined) continue
    schema[exclusive] = schema[limit]
    delete schema[limit]
  }
  if (Array.isArray(schema.required) && isRecord(node.properties)) {
    const { properties } = node
    schema.required = schema.required.filter((name) => !isReadOnly(properties[String(name)]))
  }
  return node.nullable === true ? orNull(schema) : schema
}

const strictLimits = [
  ['minimum', 'exclusiveMinimum'],
  ['maximum', 'exclusiveMaximum'],
] as const

function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] }
  const enumOrNull = Array.isArray(values) && !values.includes(null) ? [...values, null] : values
  return { ...schema, type: [type, 'null'], ...(values ? { enum: enumOrNull } : {}) }
}
