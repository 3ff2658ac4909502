import { expect, test } from 'vitest'
import { checkArguments } from '#runtime/arguments.ts'

const schema = {
  type: 'object',
  properties: {
    path: { type: 'string', minLength: 1 },
    count: { type: 'integer', minimum: 1 },
    kind: { enum: ['a', 'b'] },
    edits: {
      type: 'array',
      items: {
        type: 'object',
        properties: { old_text: { type: 'string' } },
        required: ['old_text'],
        additionalProperties: false,
      },
    },
  },
  required: ['path'],
  additionalProperties: false,
}

test('arguments that fit the schema have no fault', () => {
  expect(checkArguments(schema, { path: 'a', count: 2, edits: [{ old_text: '' }] })).toEqual([])
})

test('each fault is told with its path and what is expected', () => {
  const value = { path: '', count: 1.5, kind: 'c', edits: [{ old: 1 }], size: 1 }
  expect(checkArguments(schema, value)).toEqual([
    'path: string is too short (0 < 1).',
    'count: must be "integer", not number',
    'kind: does not match any of ["a","b"].',
    'edits[0]: "old_text" is missing',
    'edits[0].old: is not known here; known: old_text',
    'size: is not known here; known: path, count, kind, edits',
  ])
})

test.each([
  ['an array', [], '(arguments): must be "object", not array'],
  ['null', null, '(arguments): must be "object", not null'],
  ['nothing', {}, '(arguments): "path" is missing'],
])('%s instead of arguments is told', (_, value, fault) => {
  expect(checkArguments(schema, value)).toEqual([fault])
})

test('a pattern that would run for ever is given up and told', () => {
  const slow = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } }
  const [fault] = checkArguments(slow, { a: `${'a'.repeat(60)}b` })
  expect(fault).toContain('took longer than 200 ms')
  expect(checkArguments(slow, { a: 'aaa' })).toEqual([])
})

test.each([
  ['refers to itself without end', { $ref: '#' }],
  ['refers to what is not there', { $ref: '#/$defs/none' }],
  ['has a broken pattern', { type: 'object', properties: { a: { pattern: '[' } } }],
])('a schema that %s is the fault', (_, broken) => {
  expect(checkArguments(broken, { a: 'x' })[0]).toMatch(/^\(schema\): cannot be applied: /)
})

test('references and alternatives are followed', () => {
  const referring = {
    type: 'object',
    properties: { name: { $ref: '#/$defs/name' }, size: { anyOf: [{ type: 'number' }] } },
    $defs: { name: { type: 'string' } },
  }
  expect(checkArguments(referring, { name: 'a', size: 1 })).toEqual([])
  expect(checkArguments(referring, { name: 1 })).toEqual(['name: must be "string", not number'])
})

test('the schema itself is left as it was', () => {
  const frozen = Object.freeze({ type: 'object', properties: Object.freeze({}) })
  expect(checkArguments(frozen, {})).toEqual([])
  expect(JSON.stringify(frozen)).toBe('{"type":"object","properties":{}}')
})
