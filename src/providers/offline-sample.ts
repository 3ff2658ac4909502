import type { JsonSchema } from '#contract/tool.ts'

/** The smallest value that a JSON Schema allows, as far as its usual keywords go. */
export function sampleOf(schema: JsonSchema): unknown {
  return sample(schema, { root: schema, depth: 0 })
}

type Place = { root: JsonSchema; depth: number }

const deepest = 24
const filler = 'no model configured'

function sample(given: unknown, place: Place): unknown {
  const schema = resolved(given, place)
  if (place.depth > deepest) return null
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum.includes(null) ? null : schema.enum[0]
  if ('default' in schema) return schema.default
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, place)
    case 'array':
      return sampleArray(schema, place)
    case 'string':
      return sampleString(schema)
    case 'integer':
    case 'number':
      return sampleNumber(schema)
    case 'boolean':
      return false
    default:
      return null
  }
}

/** A schema with its reference followed and its first alternatives taken in. */
function resolved(given: unknown, { root, depth }: Place): Record<string, unknown> {
  let schema = isRecord(given) ? given : {}
  for (let steps = 0; steps < deepest; steps += 1) {
    const { $ref, anyOf, oneOf, allOf, ...rest } = schema
    const alternatives = [anyOf, oneOf].filter(Array.isArray).map((forms) => simplest(forms, depth))
    const parts = [...alternatives, ...(Array.isArray(allOf) ? allOf : [])]
    if (typeof $ref === 'string') parts.push(target(root, $ref))
    if (parts.length === 0) return schema
    schema = parts.filter(isRecord).reduce(merged, rest)
  }
  return schema
}

/** Deep inside something recursive the form that ends it. */
function simplest(forms: unknown[], depth: number): unknown {
  const last = forms.find((form) => isRecord(form) && form.type === 'null')
  return depth > 4 ? (last ?? forms[0]) : forms[0]
}

function merged(a: Record<string, unknown>, b: Record<string, unknown>): Record<string, unknown> {
  const required = [a.required, b.required].flat().filter((name) => typeof name === 'string')
  const properties = { ...asRecord(b.properties), ...asRecord(a.properties) }
  return {
    ...b,
    ...a,
    ...(required.length > 0 ? { required } : {}),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
  }
}

function target(root: JsonSchema, reference: string): unknown {
  let place: unknown = root
  for (const key of reference.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    const name = decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')
    place = isRecord(place) ? place[name] : undefined
  }
  return place
}

function typeOf(schema: Record<string, unknown>): unknown {
  if (Array.isArray(schema.type)) return schema.type.includes('null') ? 'null' : schema.type[0]
  if (schema.type !== undefined) return schema.type
  if (schema.properties !== undefined || schema.required !== undefined) return 'object'
  if (schema.items !== undefined) return 'array'
  return 'null'
}

function sampleObject(schema: Record<string, unknown>, place: Place): Record<string, unknown> {
  const properties = asRecord(schema.properties)
  const required = Array.isArray(schema.required) ? schema.required : []
  const inner = { ...place, depth: place.depth + 1 }
  return Object.fromEntries(required.map((name) => [name, sample(properties[name], inner)]))
}

function sampleArray(schema: Record<string, unknown>, place: Place): unknown[] {
  const count = Math.min(numberOr(schema.minItems, 0), 100)
  const firsts = Array.isArray(schema.prefixItems) ? schema.prefixItems : []
  const inner = { ...place, depth: place.depth + 1 }
  return Array.from({ length: count }, (_, index) => sample(firsts[index] ?? schema.items, inner))
}

const formats: Record<string, string> = {
  date: '1970-01-01',
  time: '00:00:00Z',
  'date-time': '1970-01-01T00:00:00Z',
  duration: 'PT0S',
  email: 'nobody@example.org',
  hostname: 'example.org',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.org/',
  uuid: '00000000-0000-4000-8000-000000000000',
}

function sampleString(schema: Record<string, unknown>): string {
  const format = typeof schema.format === 'string' ? formats[schema.format] : undefined
  if (format !== undefined) return format
  const text = filler.padEnd(Math.min(numberOr(schema.minLength, 0), 100_000), '.')
  return text.slice(0, numberOr(schema.maxLength, text.length))
}

function sampleNumber(schema: Record<string, unknown>): number {
  const step = numberOr(schema.multipleOf, schema.type === 'integer' ? 1 : 0)
  const least = numberOr(schema.minimum, Number.NEGATIVE_INFINITY)
  const above = numberOr(schema.exclusiveMinimum, Number.NEGATIVE_INFINITY)
  const most = numberOr(schema.maximum, Number.POSITIVE_INFINITY)
  const below = numberOr(schema.exclusiveMaximum, Number.POSITIVE_INFINITY)
  const fits = (value: number) => value >= least && value > above && value <= most && value < below
  const unit = step || 0.5
  const candidates = [0, least, above + unit, most, below - unit].filter(Number.isFinite)
  const stepped = step ? candidates.map((value) => Math.ceil(value / step) * step) : candidates
  const middle = (Math.max(least, above) + Math.min(most, below)) / 2
  return [...stepped, middle].find((value) => Number.isFinite(value) && fits(value)) ?? 0
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
