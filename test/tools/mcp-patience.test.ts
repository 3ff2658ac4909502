import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPatience } from '#tools/patience.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('patience ends after its limit, and starts anew with each sign of life', () => {
  const patience = createPatience({ limit: 1000, signal: new AbortController().signal })
  vi.advanceTimersByTime(900)
  patience.renew()
  vi.advanceTimersByTime(900)
  expect(patience.isOver()).toBe(false)
  vi.advanceTimersByTime(100)
  expect([patience.isOver(), patience.signal.aborted]).toEqual([true, true])
})

test('patience stands still while somebody is asked', async () => {
  const patience = createPatience({ limit: 1000, signal: new AbortController().signal })
  const { promise, resolve } = Promise.withResolvers<string>()
  const asked = patience.pauseFor(promise)
  vi.advanceTimersByTime(100_000)
  patience.renew()
  vi.advanceTimersByTime(100_000)
  expect(patience.isOver()).toBe(false)
  resolve('yes')
  expect(await asked).toBe('yes')
  vi.advanceTimersByTime(1000)
  expect(patience.isOver()).toBe(true)
})

test('a caller who gives up is not mistaken for a limit that was reached', () => {
  const caller = new AbortController()
  const patience = createPatience({ limit: 1000, signal: caller.signal })
  caller.abort()
  patience.end()
  vi.advanceTimersByTime(2000)
  expect([patience.isOver(), patience.signal.aborted]).toEqual([false, true])
})
