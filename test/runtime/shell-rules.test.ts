import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { ToolDefinition } from '#contract/tool.ts'
import { decide, matchesCall, type Rules } from '#runtime/permissions.ts'
import { readShell } from '#runtime/shell-words.ts'
import { createRandom } from '../support/random.ts'

const allowed = [
  'git status',
  '  git   status\t-s ',
  '"git" \'status\'',
  'g\\it stat"us"',
  "git status 'a; rm -rf x'",
  'git status "a && b | c > d"',
  'git status a\\;b',
  "git status '$HOME'",
  "git status '`date`'",
  'git status -- *.ts',
  'git status "two\nlines"',
]

test.each(allowed)('a rule for git status covers %j', (cmd) => {
  expect(matchesCall('shell:cmd=git status*', 'shell', { cmd })).toBe(true)
})

const escapes = [
  'git status; rm -rf x',
  'git status;rm -rf x',
  'git status && rm -rf x',
  'git status || rm -rf x',
  'git status | sh',
  'git status |& sh',
  'git status & rm -rf x',
  'git status&',
  'git status\nrm -rf x',
  'git status\r\nrm -rf x',
  'git status $(rm -rf x)',
  'git status "$(rm -rf x)"',
  'git status `rm -rf x`',
  'git status "`rm -rf x`"',
  'git status $HOME',
  'git status "${x:-y}"',
  'git status "$HOME"',
  "git status $'\\n rm'",
  'git status > .bashrc',
  'git status >> .bashrc',
  'git status 2>&1',
  'git status < /etc/passwd',
  'git status <(rm -rf x)',
  'git status <<E\nrm -rf x\nE',
  'git status # and more',
  'git status {a,b}',
  'git status \\\n; rm',
  'git status "open',
  "git status 'open",
  'git status \\',
  '(git status)',
  '{ git status; }',
  '! git status',
  'X=1 git status',
  'PATH=/tmp git status',
  'if git status; then rm x; fi',
  'git status\u00a0x; rm',
  'git status\u00a0x',
  'git status\u2028rm',
  'git status\0rm',
  'git status\u{f8ff}x',
  '"git status" x',
  'git "" status',
  'git\\ status',
  'rm -rf x; git status',
  '',
  '   ',
]

test.each(escapes)('a rule for git status does not cover %j', (cmd) => {
  expect(matchesCall('shell:cmd=git status*', 'shell', { cmd })).toBe(false)
})

test.each(['/bin/r? x', '~/git status', '[g]it x', '*'])(
  'even a rule for everything does not cover a program that the files choose: %j',
  (cmd) => expect(matchesCall('shell:cmd=*', 'shell', { cmd })).toBe(false),
)

test('a rule may be written with quotes, and its blanks match gaps between words only', () => {
  const rule = 'shell:cmd=git commit -m "wip *"'
  const covers = (cmd: string) => matchesCall(rule, 'shell', { cmd })
  expect(covers("git commit -m 'wip more'")).toBe(true)
  expect(covers('git commit -m wip more')).toBe(false)
})

const denied = [
  'rm -rf x',
  '  rm x',
  'r"m" x',
  '\\rm x',
  '/bin/rm x',
  'git status; rm -rf x',
  'git status&&rm x',
  'true | rm x',
  'true & rm x',
  'true\nrm x',
  'echo $(rm x)',
  'echo "`rm x`"',
  'echo "a $(echo $(rm x))"',
  'echo ${x:-$(rm x)}',
  'cat <(rm x)',
  '>out rm x',
  '2>/dev/null rm x',
  'true 2>&1; rm x',
  'X=1 rm x',
  'if true; then rm x; fi',
  'f() { rm x; }; f',
  '(rm x)',
  '! rm x',
  'sudo rm x',
  'sudo -u root rm x',
  'env A=1 rm x',
  'timeout 5 rm x',
  'nohup nice -n 5 /bin/rm x',
  'ls | xargs -I {} rm {}',
  'find . -name x -exec rm {} \\;',
  'sh -c "rm x"',
  'sudo bash -lc "true; rm x"',
  'eval rm x',
  'eval "r" "m x; rm x"',
  'sh -c \'sh -c "rm x"\'',
  'sh <<E\nrm x\nE',
  `${'$('.repeat(40)}true${')'.repeat(40)}`,
]

test.each(denied)('a rule that denies rm is not evaded by %j', (cmd) => {
  expect(matchesCall('shell:cmd=rm*', 'shell', { cmd }, 'deny')).toBe(true)
})

test.each([
  'git rm x',
  'sudo git rm x',
  'echo rm',
  "echo 'a; rm x'",
  'find . -name "rm*"',
  'git commit -m "rm x"',
  'ls # rm x',
  'ls > rm',
])('a rule that denies rm does not touch %j', (cmd) => {
  expect(matchesCall('shell:cmd=rm*', 'shell', { cmd }, 'deny')).toBe(false)
})

test('what denies shell commands denies them as background jobs; what allows does not', () => {
  const rules: Rules = {
    session: { deny: ['shell:cmd=rm*'], allow: ['shell:cmd=git*'] },
    agent: {},
    server: {},
    toolsApproved: false,
    allowedTools: [],
  }
  const verdict = (name: string, cmd: string) => decide({ definition: tool(name) }, { cmd }, rules)
  expect(verdict('run_background_job', 'true; rm x')).toBe('deny')
  expect(verdict('run_background_job', 'git fetch')).toBe('ask')
  expect(verdict('shell', 'git fetch')).toBe('run')
  expect(verdict('shell', 'git fetch; ls')).toBe('ask')
})

test('hostile command lines are read in time that grows with their length', () => {
  const verdicts = ['$(', '`', '(', 'eval ', 'sudo -x ', 'sh -c "', 'a;', '<', '${', '"$('].map(
    (part) => {
      const cmd = part.repeat(30_000 / part.length)
      const covered = matchesCall('shell:cmd=*', 'shell', { cmd })
      return [part, covered, matchesCall('shell:cmd=*zz*z*zzz', 'shell', { cmd }, 'deny')]
    },
  )
  expect(verdicts).toEqual([
    ['$(', false, true],
    ['`', false, true],
    ['(', false, false],
    ['eval ', true, true],
    ['sudo -x ', true, false],
    ['sh -c "', false, false],
    ['a;', false, false],
    ['<', false, false],
    ['${', false, true],
    ['"$(', false, true],
  ])
})

test('what is read as plain has the words that a real shell makes of it', () => {
  const random = createRandom(20)
  const pieces = [
    ...'ab \t\n\'"\\$`;&|<>(){}#!=*?[]~-',
    ' ',
    ' ',
    'x',
    '1',
    'é',
    '\u00a0',
    'if ',
    '$(',
  ]
  const texts = Array.from({ length: 8000 }, () =>
    Array.from({ length: 1 + random.below(10) }, () => random.pick(pieces)).join(''),
  )
  const plain = texts.filter((text) => readShell(text).plain)
  expect(plain.length).toBeGreaterThan(300)
  for (const text of plain.slice(0, 400)) {
    const script = `set -f; printf '%s\\0' ${text}`
    const { stdout } = spawnSync('/bin/sh', ['-c', script], { env: { HOME: '~' } })
    expect({ text, words: stdout.toString().split('\0').slice(0, -1) }).toEqual({
      text,
      words: readShell(text).commands[0],
    })
  }
})

function tool(name: string): ToolDefinition {
  return { name, description: '', parameters: {}, annotations: {}, effect: 'once' }
}
