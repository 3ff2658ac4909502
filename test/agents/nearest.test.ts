import { expect, test } from 'vitest'
import { nearest } from '#agents/nearest.ts'

test.each([
  ['modle', 'model'],
  ['Model', 'model'],
  ['instructions', 'instruction'],
  ['toolset', 'toolsets'],
  ['sub_agent', 'sub_agents'],
  ['x', undefined],
  ['completely', undefined],
  ['', undefined],
  ['m'.repeat(10_000), undefined],
])('%s is taken for %s', (word, expected) => {
  expect(nearest(word, ['model', 'instruction', 'toolsets', 'sub_agents'])).toBe(expected)
})
