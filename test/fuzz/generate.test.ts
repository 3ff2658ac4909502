import { expect, test } from 'vitest'
import { createRandom } from '../support/random.ts'
import { operations, resolve } from './document.ts'
import { generate, validFor } from './generate.ts'
import { spoil, toText, verbatim } from './hostile.ts'
import { validValue } from './valid.ts'

test('the same seed makes the same requests', () => {
  const make = () => {
    const random = createRandom(7)
    return Array.from({ length: 200 }, () => JSON.stringify(generate(random)))
  }
  expect(make()).toEqual(make())
})

test('every operation is asked, with every parameter that it needs', () => {
  for (const operation of operations) {
    const { method, path } = validFor(operation, createRandom(1))
    const pattern = operation.path.replaceAll(/\{\w+\}/g, '[^/?]+')
    expect([method, path.split('?')[0]]).toEqual([
      operation.method,
      expect.stringMatching(new RegExp(`^${pattern}$`)),
    ])
  }
})

test('a thousand requests are of all kinds', () => {
  const random = createRandom(3)
  const requests = Array.from({ length: 1000 }, () => generate(random))
  const http = requests.filter((request) => request.kind === 'http')
  expect(requests.length - http.length).toBeGreaterThan(50)
  expect(http.filter(({ body }) => typeof body === 'object').length).toBeGreaterThan(20)
  expect(new Set(http.map(({ method }) => method)).size).toBeGreaterThan(6)
})

test('a spoiled value is another one', () => {
  const schema = operations.find(({ id }) => id === 'createSession')?.body?.schema
  const random = createRandom(5)
  let changed = 0
  for (let round = 0; round < 200; round += 1) {
    const { value, sites } = validValue(resolve(schema ?? {}), random)
    if (toText(spoil(value, sites, random)) !== toText(value)) changed += 1
  }
  expect(changed).toBeGreaterThan(150)
})

test('what JavaScript cannot hold goes into the JSON as it is', () => {
  const value = { a: verbatim('9223372036854775808'), b: [verbatim('{"__proto__":1}')] }
  expect(toText(value)).toBe('{"a":9223372036854775808,"b":[{"__proto__":1}]}')
})
