import { expect, test } from 'vitest'
import { fieldsOf, readForm } from '../../web/src/state/schema-form.ts'

const schema = {
  type: 'object',
  required: ['city', 'nights'],
  properties: {
    city: { type: 'string', title: 'City' },
    nights: { type: 'integer', default: 2 },
    class: { enum: [1, 2], enumNames: ['First', 'Second'] },
    meal: { oneOf: [{ const: 'v', title: 'Vegetarian' }, { const: 'm' }] },
    extras: { type: 'array', items: { type: 'string', enum: ['bike', 'dog'] } },
    quiet: { type: 'boolean', default: true },
    address: { type: 'object' },
    mail: { type: ['string', 'null'], format: 'email' },
  },
}

test('each property has the control that fits it', () => {
  const kinds = fieldsOf(schema).map(({ name, kind, initial }) => [name, kind.type, initial])
  expect(kinds).toEqual([
    ['city', 'text', ''],
    ['nights', 'number', '2'],
    ['class', 'choice', ''],
    ['meal', 'choice', ''],
    ['extras', 'choices', []],
    ['quiet', 'switch', true],
    ['address', 'json', ''],
    ['mail', 'text', ''],
  ])
})

test('a filled form gives values of the types that the schema asks for', () => {
  const values = {
    city: 'Bern',
    nights: '3',
    class: '2',
    meal: 'v',
    extras: ['dog'],
    address: '{"street":"A"}',
  }
  expect(readForm(fieldsOf(schema), values)).toEqual({
    content: {
      city: 'Bern',
      nights: 3,
      class: 2,
      meal: 'v',
      extras: ['dog'],
      quiet: true,
      address: { street: 'A' },
    },
    faults: {},
  })
})

test('what is missing or of another type is told at its field', () => {
  const { faults } = readForm(fieldsOf(schema), { nights: '2.5', address: '{' })
  expect(faults).toEqual({
    city: 'This is needed.',
    nights: 'This has to be a whole number.',
    address: 'This is not JSON yet.',
  })
})

test.each([undefined, {}, { type: 'object' }, { properties: 'none' }])(
  'a schema that asks for nothing has no fields: %j',
  (empty) => {
    expect(fieldsOf(empty)).toEqual([])
  },
)

test('a time is sent with its zone', () => {
  const fields = fieldsOf({ properties: { at: { type: 'string', format: 'date-time' } } })
  const { content } = readForm(fields, { at: '2026-01-31T12:00' })
  expect(content.at).toMatch(/^2026-01-3\dT\d\d:00:00\.000Z$/)
})
