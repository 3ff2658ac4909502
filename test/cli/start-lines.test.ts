import { expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { describeStart } from '../../src/start-lines.ts'

const missing = { isAvailable: false as const, why: 'none' }

function linesWith(...argv: string[]): string[] {
  return describeStart({
    config: readConfig({ argv, environment: {}, directory: '/home/me' }),
    url: 'http://127.0.0.1:1',
    metricsUrl: undefined,
    agents: { list: () => [] },
    models: { detected: { id: 'offline/offline', reason: 'none' }, substitution: () => undefined },
    code: { python: missing, javascript: missing },
  })
}

test('it is told which dialect has the root, and where Parley is then', () => {
  const lines = linesWith('--as', 'cagent')
  expect(lines).toContain('  docs      http://127.0.0.1:1/parley/docs')
  expect(lines).toContain("  root      cagent; Parley's own API is under http://127.0.0.1:1/parley")
})

test('it is told which dialects are off', () => {
  expect(linesWith('--no-dialect', 'ra', '--no-dialect', 'openai')).toContain(
    '  off       ra, openai',
  )
  expect(linesWith().join('\n')).not.toMatch(/^ {2}(off|root)/m)
})
