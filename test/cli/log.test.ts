import { expect, test } from 'vitest'
import type { LogLevel } from '#log.ts'
import { createLogger } from '#log.ts'

function openLog(level: LogLevel) {
  const lines: string[] = []
  const now = () => new Date('2026-01-02T03:04:05.678Z')
  const log = createLogger({ level, now, write: (line) => lines.push(line) })
  return { log, read: () => lines.map((line) => JSON.parse(line)) }
}

test('a line is one JSON object with the time, the level, the message and the fields', () => {
  const { log, read } = openLog('info')
  log.child({ run: 'run_1' }).info('a\nb', { count: 2n })
  expect(read()).toEqual([
    { time: '2026-01-02T03:04:05.678Z', level: 'info', message: 'a\nb', run: 'run_1', count: '2' },
  ])
})

test('what is below the level is left out', () => {
  const { log, read } = openLog('warn')
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  expect(read().map(({ message }) => message)).toEqual(['c', 'd'])
})

test('an error shows its stack only to those who debug', () => {
  const quiet = openLog('info')
  quiet.log.error('failed', { error: new Error('no', { cause: new Error('why') }) })
  expect(quiet.read()[0].error).toEqual({
    name: 'Error',
    message: 'no',
    cause: { name: 'Error', message: 'why' },
  })
  const verbose = openLog('debug')
  verbose.log.error('failed', { error: new Error('no') })
  expect(verbose.read()[0].error.stack).toContain('log.test.ts')
})

test('a field that cannot be written does not lose the line', () => {
  const { log, read } = openLog('info')
  const circle: Record<string, unknown> = {}
  circle.self = circle
  log.info('still here', circle)
  expect(read()).toEqual([
    { time: '2026-01-02T03:04:05.678Z', level: 'info', message: 'still here' },
  ])
})
