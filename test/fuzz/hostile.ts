import type { Random } from '../support/random.ts'
import type { Schema } from './document.ts'
import type { Site } from './valid.ts'

/** Stands for text that goes into the JSON as it is: numbers that JavaScript cannot hold. */
export function verbatim(text: string): string {
  return `@@verbatim:${text}@@`
}

/** JSON text of a value that may hold verbatim parts and own `__proto__` keys. */
export function toText(value: unknown): string {
  return (JSON.stringify(value) ?? '').replaceAll(/"@@verbatim:(.*?)@@"/g, (_, text) =>
    JSON.parse(`"${text}"`),
  )
}

export const strings: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'a\udfffb',
  '\ufeff',
  '\u202e\u2066',
  '\uffff\ufffe',
  '🦜'.repeat(50),
  'e\u0301'.repeat(100),
  'a\r\nX-Injected: 1\r\n\r\n',
  'data: x\n\nid: 1\n\n',
  '\u2028\u2029',
  '../../../../etc/passwd',
  '/etc/passwd',
  'file:///etc/passwd',
  '..',
  '.',
  '%00',
  '%2e%2e%2f',
  '%ff',
  "' or 1=1 --",
  "'; drop table sessions; --",
  '$1',
  '${env.HOME}',
  '${headers.authorization}',
  '{{7*7}}',
  '`id`',
  '$(id)',
  '<script>alert(1)</script>',
  'null',
  'undefined',
  'NaN',
  'true',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '[object Object]',
  '-1',
  '0x10',
  '1e3',
  '9223372036854775808',
  '9007199254740993',
  '00000000000000000001',
  'latest',
  'x'.repeat(201),
  'x'.repeat(1001),
  'x'.repeat(70_000),
  '(a+)+$',
  `${'a'.repeat(60)}!`,
  '*'.repeat(300),
  'https://[::1',
  'http://169.254.169.254/latest/meta-data',
  'data:;base64,%%%',
]

export const numbers: readonly unknown[] = [
  0,
  -1,
  1.5,
  1e21,
  -1e21,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  2_147_483_647,
  2_147_483_648,
  4_294_967_296,
  verbatim('-0'),
  verbatim('9007199254740993'),
  verbatim('9223372036854775807'),
  verbatim('9223372036854775808'),
  verbatim('18446744073709551616'),
  verbatim('1e400'),
  verbatim('-1e400'),
  verbatim('1e-400'),
  verbatim(`1${'0'.repeat(400)}`),
  verbatim(`0.${'1'.repeat(400)}`),
]

/** Not JSON, though it looks like it. */
const noJson = [
  'NaN',
  'Infinity',
  '01',
  '+1',
  '.5',
  '1.',
  '0x10',
  "'a'",
  'undefined',
  '[1,]',
  '{a:1}',
]

const structures: readonly (() => unknown)[] = [
  () => [],
  () => ({}),
  () => [[]],
  () => [null],
  () => nest(63),
  () => nest(64),
  () => nest(65),
  () => verbatim('['.repeat(20_000) + ']'.repeat(20_000)),
  () => Array.from({ length: 10_000 }, () => 1),
  () => Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, index])),
  () => ({ constructor: { prototype: { a: 1 } } }),
  () => verbatim('{"__proto__":{"admin":true}}'),
  () => verbatim('{"a":1,"a":2}'),
  () => ({ '': 1, ' ': 2, 'a\0': 3 }),
  () => ({ ['k'.repeat(5000)]: 1 }),
  () => ({ length: 1e9, 0: 'a' }),
  () => verbatim('{"toJSON":1,"then":1,"valueOf":null,"toString":null}'),
  () => ({ $ref: '#', type: ['object', 'array'] }),
]

function nest(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = level % 2 ? [value] : { a: value }
  return value
}

export function anyHostile(random: Random): unknown {
  switch (random.below(5)) {
    case 0:
    case 1:
      return random.pick(strings)
    case 2:
      return random.pick(numbers)
    case 3:
      return random.pick(structures)()
    default:
      return random.pick([null, true, false, verbatim(random.pick(noJson))])
  }
}

/** One past what the schema allows, where it has a bound. */
function pastBound({ maxLength, minLength, maximum, minimum, maxItems }: Schema): unknown {
  if (maxLength !== undefined) return 'x'.repeat(maxLength + 1)
  if (minLength) return 'x'.repeat(minLength - 1)
  if (maximum !== undefined) return maximum + 1
  if (minimum !== undefined) return minimum - 1
  if (maxItems !== undefined) return Array.from({ length: maxItems + 1 }, () => 'a')
  return undefined
}

/** The value with one defect, at one of its places. */
export function spoil(value: unknown, sites: Site[], random: Random): unknown {
  const { path, schema } = random.pick(sites)
  const beyond = pastBound(schema)
  switch (random.below(6)) {
    case 0:
      return replaceAt(value, path, beyond === undefined ? anyHostile(random) : beyond)
    case 1:
      return path.length === 0 ? anyHostile(random) : removeAt(value, path)
    case 2:
      return addAt(value, path, random)
    default:
      return replaceAt(value, path, anyHostile(random))
  }
}

export function replaceAt(value: unknown, path: Site['path'], put: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return put
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === key ? replaceAt(item, rest, put) : item))
  }
  if (typeof value !== 'object' || value === null) return put
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([name, item]) => [name, name === key ? replaceAt(item, rest, put) : item]),
  )
}

export function removeAt(value: unknown, path: Site['path']): unknown {
  const [key, ...rest] = path
  if (Array.isArray(value)) {
    if (rest.length === 0) return value.filter((_, index) => index !== key)
    return value.map((item, index) => (index === key ? removeAt(item, rest) : item))
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  if (rest.length === 0) return Object.fromEntries(entries.filter(([name]) => name !== key))
  return Object.fromEntries(
    entries.map(([name, item]) => [name, name === key ? removeAt(item, rest) : item]),
  )
}

function addAt(value: unknown, path: Site['path'], random: Random): unknown {
  const name = random.pick([
    'unknown',
    'id',
    'tenant',
    'owner',
    'constructor',
    'a\0',
    '',
    'x'.repeat(300),
  ])
  const found = path.reduce<unknown>(
    (node, key) => (node as Record<string | number, unknown> | null)?.[key],
    value,
  )
  const isObject = typeof found === 'object' && found !== null && !Array.isArray(found)
  return replaceAt(value, path, isObject ? { ...found, [name]: anyHostile(random) } : [found])
}
