import { expect, test } from 'vitest'
import type { ToolDefinition } from '#contract/tool.ts'
import { decide, matchesCall, matchesGlob, type Rules } from '#runtime/permissions.ts'

const rules: Rules = {
  session: {},
  agent: {},
  server: {},
  toolsApproved: false,
  allowedTools: [],
}

test('deny wins over approve-all, allow and an approved tool', () => {
  const all = { ...rules, toolsApproved: true, allowedTools: ['shell'] }
  const deny = { deny: ['shell:cmd=rm*'] }
  const verdicts = [
    decide(tool('shell'), { cmd: 'rm -rf x' }, { ...all, session: { allow: ['*'] }, agent: deny }),
    decide(tool('shell'), { cmd: 'ls' }, { ...all, agent: deny }),
  ]
  expect(verdicts).toEqual(['deny', 'run'])
})

test('what reads runs, what is harmless runs, everything else asks', () => {
  const verdicts = [
    decide(tool('read_file', true), {}, rules),
    decide({ ...tool('create_todo'), harmless: true }, {}, rules),
    decide(tool('write_file'), {}, rules),
  ]
  expect(verdicts).toEqual(['run', 'run', 'ask'])
})

test('ask holds for a read-only tool, allow goes before ask', () => {
  const asking = { ...rules, agent: { ask: ['read_*'] } }
  const verdicts = [
    decide(tool('read_file', true), {}, asking),
    decide(tool('read_file', true), {}, { ...asking, session: { allow: ['read_file'] } }),
  ]
  expect(verdicts).toEqual(['ask', 'run'])
})

test.each([
  ['shell', 'shell', {}, true],
  ['SHELL', 'shell', {}, true],
  ['sh*', 'shell', {}, true],
  ['shell:cmd=git status*', 'shell', { cmd: 'git status -s' }, true],
  ['shell:cmd=git status*', 'shell', { cmd: 'git push' }, false],
  ['shell:cmd=git*', 'shell', {}, false],
  ['fetch:url=https://example.com/*', 'fetch', { url: 'https://example.com/a' }, true],
  ['copy:from=/a/*:to=/b/*', 'copy', { from: '/a/x', to: '/b/x' }, true],
  ['copy:from=/a/*:to=/b/*', 'copy', { from: '/a/x', to: '/c/x' }, false],
  ['set:value=3', 'set', { value: 3 }, true],
])('%s for %s with %j: %s', (pattern, name, args, expected) => {
  expect(matchesCall(pattern, name, args)).toBe(expected)
})

test('a hostile pattern takes no time to speak of', () => {
  const pattern = `${'*a'.repeat(128)}b`
  expect(matchesGlob(pattern, 'a'.repeat(20_000))).toBe(false)
})

function tool(name: string, readOnly = false): { definition: ToolDefinition } {
  return {
    definition: {
      name,
      description: '',
      parameters: {},
      annotations: { read_only: readOnly },
      effect: readOnly ? 'read' : 'once',
    },
  }
}
