import { expect, test } from 'vitest'
import { matchPath, parseHash, toHash } from '../../web/src/app/hash.ts'
import { dayOf, formatCost, formatDuration, formatTokens } from '../../web/src/state/format.ts'
import { summaryOf } from '../../web/src/state/tool-summary.ts'
import { unknownOutcomeMessage } from '../../web/src/state/unknown-outcome.ts'

test('an address behind # is read as it was written', () => {
  const place = { path: '/sessions/a%2Fb', query: { panel: 'usage' } }
  expect(parseHash(toHash(place))).toEqual(place)
  expect(matchPath('/sessions/:session', place.path)).toEqual({ session: 'a/b' })
  expect(parseHash('')).toEqual({ path: '/', query: {} })
})

test.each(['/', '/sessions', '/sessions/a/b', '/agents/a'])('%s is no session', (path) => {
  expect(matchPath('/sessions/:session', path)).toBeNull()
})

test('a broken escape in an address is text', () => {
  expect(matchPath('/sessions/:session', '/sessions/%zz')).toEqual({ session: '%zz' })
})

test('numbers are short, and small costs are not nothing', () => {
  expect([999, 1250, 56_789, 1_200_000].map(formatTokens)).toEqual(['999', '1.3k', '57k', '1.2M'])
  expect([0, 0.00001, 0.00123, 0.5, 12.345].map(formatCost)).toEqual([
    '$0',
    '<$0.0001',
    '$0.0012',
    '$0.50',
    '$12.35',
  ])
  expect([12, 3456, 61_000].map(formatDuration)).toEqual(['12 ms', '3.5 s', '1 min 1 s'])
})

test('days are parted at midnight here', () => {
  const now = new Date(2026, 0, 31, 9)
  const at = (day: number, hour: number) => dayOf(new Date(2026, 0, day, hour).toISOString(), now)
  expect([at(31, 1), at(30, 23), at(29, 1), at(20, 1)]).toEqual([
    'Today',
    'Yesterday',
    'Last 7 days',
    'Older',
  ])
})

test('one argument stands for a call', () => {
  const summary = (args: string) =>
    summaryOf({ id: 'c', type: 'function', function: { name: 'n', arguments: args } })
  expect(summary('{"content":"long","path":"a.txt"}')).toBe('a.txt')
  expect(summary('{"agent":"researcher","task":"Find\\n it"}')).toBe('researcher: Find it')
  expect(summary('{"half')).toBe('')
})

test('what became of a call is told to the model with its id', () => {
  const call = { id: 'call_1', type: 'function' as const, function: { name: 'pay', arguments: '' } }
  const told = (['run_again', 'failed'] as const).map((type) =>
    unknownOutcomeMessage(call, { type }),
  )
  told.push(unknownOutcomeMessage(call, { type: 'result', result: 'Paid 5' }))
  expect(told.every((text) => text.includes('pay (call_1)'))).toBe(true)
  expect(told[2]).toContain('Paid 5')
})
