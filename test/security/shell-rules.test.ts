import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { decide, matchesCall, matchesGlob } from '#runtime/permissions.ts'
import allow from './shell/allow.json' with { type: 'json' }
import deny from './shell/deny.json' with { type: 'json' }

const shellTool = {
  definition: { name: 'shell', description: '', parameters: {}, annotations: {}, effect: 'once' },
} as const

/** What becomes of a command in an agent whose only rule is this one. */
function verdictOf(rules: { allow?: string[]; deny?: string[] }, cmd: string, approved = false) {
  const all = { session: {}, agent: rules, server: {}, toolsApproved: approved, allowedTools: [] }
  return decide(shellTool, { cmd }, all)
}

test(`${allow.covered.length} plain commands of a rule run without asking`, () => {
  const asking = allow.covered.filter((cmd) => verdictOf({ allow: [allow.rule] }, cmd) !== 'run')
  expect(asking).toEqual([])
})

test(`${allow.escapes.length} ways out of a rule that allows all ask`, () => {
  const running = allow.escapes.filter((cmd) => verdictOf({ allow: [allow.rule] }, cmd) !== 'ask')
  expect(running).toEqual([])
})

test(`${deny.denied.length} ways around a rule that denies are denied, also after approve-all`, () => {
  const running = deny.denied.filter(
    (cmd) => verdictOf({ deny: [deny.rule] }, cmd, true) !== 'deny',
  )
  expect(running).toEqual([])
})

test('a rule that denies leaves other commands alone', () => {
  const denied = deny.untouched.filter((cmd) => verdictOf({ deny: [deny.rule] }, cmd) === 'deny')
  expect(denied).toEqual([])
})

const home = mkdtempSync(join(tmpdir(), 'parley-shell-'))
afterAll(() => rmSync(home, { recursive: true }))

test('in a real shell a covered command runs the program of the rule and no other', () => {
  const programs = join(home, 'bin')
  const log = join(home, 'log')
  mkdirSync(programs)
  for (const name of ['git', 'rm', 'sh', 'env', 'sudo', 'xargs', 'nohup']) {
    writeFileSync(join(programs, name), `#!/bin/sh\necho ${name} >> '${log}'\n`)
    chmodSync(join(programs, name), 0o755)
  }
  const covered = [...allow.covered, ...allow.escapes].filter((cmd) =>
    matchesCall(allow.rule, 'shell', { cmd }),
  )
  for (const cmd of covered) {
    spawnSync('/bin/sh', ['-c', cmd], { cwd: home, env: { PATH: programs, HOME: home } })
  }
  const ran = readFileSync(log, 'utf8').trim().split('\n')
  expect(new Set(ran)).toEqual(new Set(['git']))
  expect(ran).toHaveLength(covered.length)
})

test('a pattern at its longest is matched against a megabyte, whatever it is made of', () => {
  const text = 'a'.repeat(1024 * 1024)
  const patterns = ['*a', 'a*', '*?', '?*a', '**a', 'a?*'].map((part) =>
    `${part.repeat(256)}`.slice(0, 255),
  )
  // With backtracking each of these would take longer than there is time in the world.
  const misses = patterns.map((pattern) => matchesGlob(`${pattern}b`, text))
  expect(misses).toEqual(patterns.map(() => false))
  expect(patterns.map((pattern) => matchesGlob(`${pattern}*`, text))).toEqual(
    patterns.map(() => true),
  )
})

test('an argument that no call has is not taken from its prototype', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    expect(matchesCall(`shell:${name}=*`, 'shell', {})).toBe(false)
  }
})
