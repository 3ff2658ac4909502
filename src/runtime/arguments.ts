import { createContext, Script } from 'node:vm'
import { type OutputUnit, Validator } from '@cfworker/json-schema'
import type { JsonSchema } from '#contract/tool.ts'

/**
 * What is wrong with a value by a JSON Schema (2020-12), one sentence for each fault with the path
 * of the field first; empty when nothing is. Never throws: a schema that cannot be applied is itself
 * the fault. The compiled schema is kept for as long as the schema object lives.
 */
export function checkArguments(schema: JsonSchema, value: unknown): string[] {
  try {
    const check = checkerOf(schema)
    const faults = check.isBounded ? check.validate(value) : inTime(() => check.validate(value))
    return describeFaults(faults, schema)
  } catch (error) {
    return [`(schema): cannot be applied: ${reasonOf(error)}`]
  }
}

const timeLimit = 200
const mostFaults = 12

type Checker = { isBounded: boolean; validate(value: unknown): OutputUnit[] }

const checkers = new WeakMap<JsonSchema, Checker>()

function checkerOf(schema: JsonSchema): Checker {
  const known = checkers.get(schema)
  if (known) return known
  const text = JSON.stringify(schema)
  // The validator writes its marks into the schema, so it gets a copy.
  const validator = new Validator(JSON.parse(text), '2020-12', false)
  const checker = {
    isBounded: !/"(pattern|patternProperties|format|uniqueItems|\$ref|\$dynamicRef)":/.test(text),
    validate: (value: unknown) => validator.validate(value).errors,
  }
  checkers.set(schema, checker)
  return checker
}

/**
 * A caller's schema can hold a pattern that takes for ever on the right text. V8 stops a regular
 * expression only from outside, which a script with a time limit does; it costs a tenth of a
 * millisecond, so schemas without such keywords are checked directly.
 */
function inTime(work: () => OutputUnit[]): OutputUnit[] {
  arena ??= createArena()
  let faults: OutputUnit[] = []
  arena.sandbox.run = () => {
    faults = work()
  }
  arena.script.runInContext(arena.context, { timeout: timeLimit })
  return faults
}

/** Made on first use and kept: making one costs more than most checks. */
let arena: ReturnType<typeof createArena> | undefined

function createArena() {
  const sandbox = { run: () => {} }
  return { sandbox, context: createContext(sandbox), script: new Script('run()') }
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'it refers to itself without end'
  if (error instanceof Error)
    return error.message.replace(/\s+(Absolute URI|Known schemas)[\s\S]*/, '')
  // Only the time limit throws something that belongs to the script's own world.
  return `the check took longer than ${timeLimit} ms; simplify its patterns`
}

/** Keywords that only say that something below them is wrong, which is told on its own. */
const containers = new Set([
  '$ref',
  '$dynamicRef',
  '$recursiveRef',
  'additionalProperties',
  'allOf',
  'contains',
  'dependentSchemas',
  'if',
  'items',
  'additionalItems',
  'patternProperties',
  'prefixItems',
  'properties',
  'unevaluatedItems',
  'unevaluatedProperties',
])

function describeFaults(faults: OutputUnit[], schema: JsonSchema): string[] {
  const sentences = new Set<string>()
  for (const [index, fault] of faults.entries()) {
    if (containers.has(fault.keyword)) continue
    // An unknown name is told by two faults: the keyword that forbids it, then the false schema.
    const place = fault.keyword === 'false' ? (faults[index - 1] ?? fault) : fault
    const sentence = describe(fault, namesAround(place.keywordLocation, schema))
    sentences.add(`${pathOf(fault.instanceLocation)}: ${sentence}`)
  }
  if (sentences.size <= mostFaults) return [...sentences]
  return [...[...sentences].slice(0, mostFaults), `and ${sentences.size - mostFaults} more faults`]
}

/** `#/edits/0/old_text` becomes `edits[0].old_text`. */
function pathOf(pointer: string): string {
  const keys = pointerKeys(pointer)
  if (keys.length === 0) return '(arguments)'
  return keys.reduce((path, key) => {
    if (/^\d+$/.test(key)) return `${path}[${key}]`
    return path ? `${path}.${key}` : key
  }, '')
}

function pointerKeys(pointer: string): string[] {
  const keys = pointer.split('/').slice(1)
  return keys.map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'))
}

function describe(fault: OutputUnit, names: string[]): string {
  switch (fault.keyword) {
    case 'false':
      return `is not known here; known: ${names.join(', ') || 'nothing'}`
    case 'type':
      return fault.error.replace(
        /.*type "(.*?)" is invalid. Expected (.*)\.$/,
        'must be $2, not $1',
      )
    case 'required':
      return fault.error.replace(/.*property (".*")\.$/, '$1 is missing')
    case 'anyOf':
    case 'oneOf':
      return 'has none of the allowed forms, or more than one'
    default:
      return lowerFirst(fault.error.replace(/^Instance /, ''))
  }
}

/** The properties of the schema that the keyword stands in. */
function namesAround(keywordLocation: string, schema: JsonSchema): string[] {
  let place: unknown = schema
  for (const key of pointerKeys(keywordLocation).slice(0, -1)) {
    if (typeof place !== 'object' || place === null) return []
    place = Reflect.get(place, key)
  }
  if (typeof place !== 'object' || place === null || !('properties' in place)) return []
  return Object.keys(place.properties ?? {})
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
