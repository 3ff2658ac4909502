import { expect, test } from 'vitest'
import { type Difference, differences } from '#agents/differences.ts'
import { createRandom, type Random } from '../support/random.ts'

test('the steps lead from any value to any other', () => {
  const random = createRandom(7)
  for (let round = 0; round < 2000; round += 1) {
    const before = anyValue(random, 3)
    const after = random.below(2) === 0 ? mutate(before, random) : anyValue(random, 3)
    const result = differences(before, after).reduce(take, { root: structuredClone(before) })
    expect(result.root).toEqual(after)
  }
})

test('an item that goes and one that comes leave the others as they are', () => {
  const [a, b, c, d] = [{ type: 'a' }, { type: 'b' }, { type: 'c' }, { type: 'd' }]
  expect(differences([a, b, c], [b, c, d])).toEqual([
    { kind: 'remove', path: [0] },
    { kind: 'insert', path: [2], value: d },
  ])
})

function take(holder: { root: unknown }, step: Difference): { root: unknown } {
  const path = ['root', ...step.path]
  let place: unknown = holder
  for (const key of path.slice(0, -1)) place = Reflect.get(Object(place), key)
  const last = path.at(-1) ?? ''
  if (Array.isArray(place) && step.kind !== 'set') {
    place.splice(Number(last), step.kind === 'remove' ? 1 : 0, ...values(step))
  } else if (step.kind === 'remove') Reflect.deleteProperty(Object(place), last)
  else Reflect.set(Object(place), last, step.value)
  return holder
}

function values(step: Difference): unknown[] {
  return step.kind === 'insert' ? [step.value] : []
}

function anyValue(random: Random, depth: number): unknown {
  const kind = depth === 0 ? 0 : random.below(3)
  const size = random.below(4)
  if (kind === 1) return Array.from({ length: size }, () => anyValue(random, depth - 1))
  if (kind === 2) {
    const keys = ['a', 'b', 'c', 'd'].filter(() => random.below(2) === 0)
    return Object.fromEntries(keys.map((key) => [key, anyValue(random, depth - 1)]))
  }
  return random.below(3)
}

/** The same with one change somewhere. */
function mutate(value: unknown, random: Random): unknown {
  if (Array.isArray(value)) {
    const index = random.below(value.length + 1)
    if (random.below(5) < 2) return value.toSpliced(index, 1)
    if (random.below(2) === 0) return value.toSpliced(index, 0, 'new')
    return value.map((item, at) => (at === index ? mutate(item, random) : item))
  }
  if (typeof value !== 'object' || value === null) return 'other'
  const entries = Object.entries(value).filter(() => random.below(5) > 0)
  return Object.fromEntries(entries.map(([key, item]) => [key, mutate(item, random)]))
}
