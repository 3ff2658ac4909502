/** A piece of code and what it is; `plain` is everything that no colour helps. */
export type Token = {
  readonly kind: 'plain' | 'comment' | 'string' | 'number' | 'keyword'
  readonly text: string
}

/** Above this, colours cost more than they help. */
const longest = 20_000

/**
 * Colours for the languages that answers are mostly written in, by what they have in common: strings,
 * comments, numbers and words that steer. Text of other languages stays plain.
 */
export function highlight(code: string, language: string): readonly Token[] {
  const family = families.get(language.toLowerCase())
  if (!family || code.length > longest) return [{ kind: 'plain', text: code }]
  const tokens: Token[] = []
  let position = 0
  for (const match of code.matchAll(patterns[family])) {
    if (match.index > position) {
      tokens.push({ kind: 'plain', text: code.slice(position, match.index) })
    }
    tokens.push({ kind: kindOf(match), text: match[0] })
    position = match.index + match[0].length
  }
  if (position < code.length) tokens.push({ kind: 'plain', text: code.slice(position) })
  return tokens
}

type Family = 'braces' | 'hash' | 'sql' | 'data'

const families: ReadonlyMap<string, Family> = new Map([
  ...named('braces', 'js jsx ts tsx javascript typescript java c cpp cs csharp go rust rs kotlin'),
  ...named('braces', 'swift php scala dart zig'),
  ...named('hash', 'py python rb ruby sh bash shell zsh console dockerfile makefile perl r elixir'),
  ...named('data', 'json jsonc yaml yml toml ini'),
  ...named('sql', 'sql postgres postgresql mysql sqlite'),
])

// What is not closed ends with its line, so that a pattern never looks far.
const strings = String.raw`"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?`
const numbers = String.raw`\b(?:0x[\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\b`

const patterns: Readonly<Record<Family, RegExp>> = {
  braces: toPattern({
    comments: String.raw`\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)`,
    strings: `${strings}|\`(?:[^\`\\\\]|\\\\[\\s\\S])*(?:\`|$)`,
    keywords:
      'abstract as async await break case catch class const continue default defer delete do else enum export extends false final finally fn for from func function go if impl implements import in instanceof int interface let loop match mod mut new nil null of override package private protected pub public range return self static struct super switch this throw throws trait true try type typeof undefined union use using val var void where while yield',
  }),
  hash: toPattern({
    comments: String.raw`(?<![\w$&{])#[^\n]*`,
    strings: String.raw`"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|${strings}`,
    keywords:
      'and as assert async await begin break case class continue def del do done elif else end esac except export fi finally for from function global if import in is lambda local module nil None nonlocal not or pass raise rescue return self then True False true false try unless until when while with yield echo cd sudo',
  }),
  data: toPattern({
    comments: String.raw`(?<![\w"'])#[^\n]*|(?<!:)\/\/[^\n]*`,
    strings,
    keywords: 'true false null yes no',
  }),
  sql: toPattern({
    comments: String.raw`--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)`,
    strings,
    keywords:
      'add all alter and as asc between by case check column create cross default delete desc distinct drop else end exists foreign from full group having in index inner insert into is join key left like limit not null offset on or order outer primary references returning right select set table then union unique update using values view when where with',
    flags: 'gi',
  }),
}

function toPattern({
  comments,
  strings: quoted,
  keywords,
  flags = 'g',
}: {
  comments: string
  strings: string
  keywords: string
  flags?: string
}): RegExp {
  const words = String.raw`\b(?:${keywords.replaceAll(' ', '|')})\b`
  const parts = `(?<comment>${comments})|(?<string>${quoted})|(?<number>${numbers})|(?<keyword>${words})`
  return new RegExp(parts, flags)
}

function kindOf({ groups = {} }: RegExpExecArray): Token['kind'] {
  const kinds = ['comment', 'string', 'number', 'keyword'] as const
  return kinds.find((kind) => groups[kind] !== undefined) ?? 'plain'
}

function named(family: Family, names: string): [string, Family][] {
  return names.split(' ').map((name) => [name, family])
}
