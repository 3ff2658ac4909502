import { expect, test } from 'vitest'
import { hashCall } from '#runtime/call-arguments.ts'

test('what the model says about a call makes it no other call, where it is not an argument', () => {
  const described = { isDescribed: true } as const
  const plain = hashCall('shell', '{"cmd":"ls"}', described)
  expect(hashCall('shell', '{"description":"Look","cmd":"ls"}', described)).toBe(plain)
  expect(hashCall('shell', '{"description":"Look","cmd":"ls"}')).not.toBe(plain)
})
