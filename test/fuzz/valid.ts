import type { Random } from '../support/random.ts'
import { resolve, type Schema } from './document.ts'

/** A place in a value, and what the document says of it. */
export type Site = { path: (string | number)[]; schema: Schema }

/** A value that the schema allows, with the places in it. */
export function validValue(schema: Schema, random: Random) {
  const sites: Site[] = []

  function make(given: Schema, path: Site['path'], name: string): unknown {
    const resolved = merge(resolve(given))
    sites.push({ path, schema: resolved })
    const branches = resolved.anyOf ?? resolved.oneOf
    if (branches) return make(random.pick(branches), path, name)
    if (resolved.const !== undefined) return resolved.const
    if (resolved.enum) return random.pick(resolved.enum)
    const type = Array.isArray(resolved.type) ? random.pick(resolved.type) : resolved.type
    switch (type) {
      case 'object':
        return makeObject(resolved, path)
      case 'array':
        return makeArray(resolved, path, name)
      case 'string':
        return makeString(resolved, name, random)
      case 'integer':
      case 'number':
        return makeNumber(resolved, type, random)
      case 'boolean':
        return random.below(2) === 1
      case 'null':
        return null
      default:
        return random.pick([null, true, 7, 'text', ['a'], { a: 1 }])
    }
  }

  function makeObject({ properties = {}, required = [], ...rest }: Schema, path: Site['path']) {
    const chance = path.length > 4 ? 20 : 4
    const names = Object.keys(properties).filter(
      (name) => required.includes(name) || random.below(chance) === 0,
    )
    const entries = names.map((name): [string, unknown] => [
      name,
      make(properties[name] ?? {}, [...path, name], name),
    ])
    const { additionalProperties } = rest
    if (typeof additionalProperties === 'object' && path.length < 5) {
      const name = random.pick(['root', 'key', 'a b', 'ключ'])
      entries.push([name, make(additionalProperties, [...path, name], name)])
    }
    return Object.fromEntries(entries)
  }

  function makeArray(
    { items = {}, minItems = 0, maxItems = 3 }: Schema,
    path: Site['path'],
    name: string,
  ) {
    const count = Math.max(minItems, Math.min(maxItems, random.below(path.length > 4 ? 2 : 3)))
    return Array.from({ length: count }, (_, index) => make(items, [...path, index], name))
  }

  return { value: make(schema, [], ''), sites }
}

/** `allOf` as one schema: good enough for a document where its parts do not meet. */
function merge({ allOf = [], ...schema }: Schema): Schema {
  return Object.assign(schema, ...allOf.map((part) => merge(resolve(part))))
}

/** What strings of these names mean to the target. */
const known: Record<string, string[]> = {
  agent: ['assistant', 'assistant', 'worker', 'nobody'],
  agent_name: ['root'],
  session_id: ['${session}', 'mine', '${external}'],
  external_id: ['${fresh}', 'mine'],
  tool_call_id: ['${call}', '${clientCall}'],
  schema_json: ['{"type":"object"}'],
  javascript_code: ['export function execute(args) { return 1 }'],
  python_code: ['def execute(args):\n    return 1'],
  tool_name: ['write_file'],
  elicitation_id: ['${elicitation}'],
  message_id: ['${message}'],
  name: ['${fresh}', 'assistant', 'agent-a'],
  new_name: ['${fresh}'],
  model: ['scripted', 'scripted/scripted', 'test/other'],
  working_dir: ['files', '.'],
  data: ['aGVsbG8='],
  url: ['data:text/plain;base64,aGVsbG8=', 'https://example.com/a.png'],
}

function makeString(schema: Schema, name: string, random: Random): string {
  const { minLength = 0, maxLength = 200, pattern, example, format } = schema
  if ((name === 'content' || name === 'message') && random.below(2) === 0) {
    // The model of the target answers that badly, always in the same way.
    return `reply ${random.below(2 ** 31)}`
  }
  if (format === 'date-time') return '2026-01-31T12:00:00.000Z'
  const expression = pattern === undefined ? undefined : new RegExp(pattern, 'u')
  const mine = (known[name] ?? []).filter((text) => expression?.test(text) ?? true)
  if (mine.length > 0 && random.below(4) > 0) return random.pick(mine)
  const candidates = [
    ...(typeof example === 'string' ? [example] : []),
    ...['Hi', 'a', 'ok-1', '1', 'true', 'Grüße 🦜'],
  ]
  const fitting = candidates.filter(
    (text) =>
      text.length >= minLength && text.length <= maxLength && (expression?.test(text) ?? true),
  )
  return fitting.length > 0 ? random.pick(fitting) : 'a'.repeat(Math.max(1, minLength))
}

function makeNumber(schema: Schema, type: 'integer' | 'number', random: Random): number {
  const least = schema.minimum ?? (schema.exclusiveMinimum ?? -1) + 1
  const most = Math.min(schema.maximum ?? least + 100, least + 1000)
  const whole = least + random.below(Math.max(1, Math.floor(most - least) + 1))
  return type === 'integer' || random.below(2) === 0 ? whole : Math.min(most, whole + 0.5)
}
