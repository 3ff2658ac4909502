import { expect, test } from 'vitest'
import { highlight, type Token } from '../../web/src/state/highlight.ts'

test.each<[string, string, Record<string, Token['kind']>]>([
  [
    'ts',
    'const a = "x // y" // 12',
    { const: 'keyword', '"x // y"': 'string', '// 12': 'comment' },
  ],
  ['ts', 'f(`a\n${b}`) /* 1\n2 */', { '`a\n${b}`': 'string', '/* 1\n2 */': 'comment' }],
  ['python', 'def f(): # "no"\n  return 1.5', { def: 'keyword', '# "no"': 'comment' }],
  ['python', 'a = """x\n# y"""', { '"""x\n# y"""': 'string' }],
  [
    'SQL',
    "SELECT 'it' FROM t -- end",
    { SELECT: 'keyword', "'it'": 'string', '-- end': 'comment' },
  ],
  ['json', '{"a": 1, "u": "http://x"}', { '"a"': 'string', '1': 'number', '"http://x"': 'string' }],
  ['sh', 'echo "$#" && ls # list', { '"$#"': 'string', '# list': 'comment' }],
])('%s: strings, comments, numbers and words in %j', (language, code, expected) => {
  const kinds = Object.fromEntries(highlight(code, language).map(({ text, kind }) => [text, kind]))
  expect(kinds).toMatchObject(expected)
})

test.each(['ts', 'python', 'json', 'sql', '', 'nothing-known', 'constructor'])(
  'in %s nothing is lost, whatever the code is',
  (language) => {
    const codes = ['"unclosed', '/* open', '`a', '""" open', '\\'.repeat(9000), '"'.repeat(9001)]
    codes.push('a'.repeat(30_000), '/*'.repeat(5000), "'\\".repeat(5000), '`\\'.repeat(5000))
    for (const code of codes) {
      const tokens = highlight(code, language)
      expect(tokens.map(({ text }) => text).join('') === code).toBe(true)
    }
  },
)
