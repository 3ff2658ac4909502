import { expect, test } from 'vitest'
import { hashCall, readArguments } from '#runtime/call-arguments.ts'

test('what the model says about a call makes it no other call, where it is not an argument', () => {
  const described = { isDescribed: true } as const
  const plain = hashCall('shell', '{"cmd":"ls"}', described)
  expect(hashCall('shell', '{"description":"Look","cmd":"ls"}', described)).toBe(plain)
  expect(hashCall('shell', '{"description":"Look","cmd":"ls"}')).not.toBe(plain)
})

test('arguments may have 64 levels, and one more are none', () => {
  const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
  expect(readArguments(nested(64))).toBeDefined()
  expect(readArguments(nested(65))).toBeUndefined()
})

test('a call whose arguments are nested endlessly has a hash', () => {
  const endless = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  expect(hashCall('shell', endless)).toMatch(/^[0-9a-f]{32}$/)
})
