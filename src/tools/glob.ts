/**
 * Whether the whole text matches a glob: `*` any characters, `?` one, `[a-z]` and `[!a-z]` one of
 * a set, `\` takes the next character as it is. Needs time in proportion to pattern times text at
 * worst, whatever the pattern.
 */
export function matchesGlob(pattern: GlobToken[], text: string): boolean {
  return matchesSequence({
    pattern,
    items: [...text],
    isStar: (token) => token === anyText,
    matches: (token, character) => typeof token === 'function' && token(character),
  })
}

const anyText = Symbol('any text')

/** One step of a compiled glob: any text, or a test of one character. */
export type GlobToken = typeof anyText | ((character: string) => boolean)

export function compileGlob(pattern: string): GlobToken[] {
  const characters = [...pattern]
  const tokens: GlobToken[] = []
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] ?? ''
    if (character === '*') {
      if (tokens.at(-1) !== anyText) tokens.push(anyText)
      continue
    }
    const set = character === '[' ? readSet(characters, index) : null
    if (set) {
      tokens.push(set.test)
      index = set.end
      continue
    }
    const isEscape = character === '\\' && index + 1 < characters.length
    if (isEscape) index += 1
    tokens.push(character === '?' ? () => true : isCharacter(characters[index] ?? ''))
  }
  return tokens
}

/** A compiled glob over paths: `**` stands for any number of directories. */
export type PathGlob = (GlobToken[] | '**')[]

export function compilePathGlob(pattern: string): PathGlob {
  return pattern.split('/').map((name) => (name === '**' ? name : compileGlob(name)))
}

export function matchesPathGlob(pattern: PathGlob, path: string): boolean {
  return matchesSequence({
    pattern,
    items: path.split('/'),
    isStar: (part) => part === '**',
    matches: (part, name) => part !== '**' && matchesGlob(part, name),
  })
}

/** Goes back only to the last star: what an earlier one took can stay as it is. */
function matchesSequence<Part>({
  pattern,
  items,
  isStar,
  matches,
}: {
  pattern: Part[]
  items: string[]
  isStar(part: Part): boolean
  matches(part: Part, item: string): boolean
}): boolean {
  let at = 0
  let star = -1
  let resume = 0
  for (let index = 0; index < items.length; ) {
    const part = pattern[at]
    if (part !== undefined && isStar(part)) {
      star = at
      resume = index
      at += 1
    } else if (part !== undefined && matches(part, items[index] ?? '')) {
      at += 1
      index += 1
    } else if (star >= 0) {
      at = star + 1
      resume += 1
      index = resume
    } else {
      return false
    }
  }
  return pattern.slice(at).every(isStar)
}

function isCharacter(expected: string) {
  return (character: string) => character === expected
}

/** A set such as `[a-z_]`; null when the bracket is never closed and so stands for itself. */
function readSet(characters: string[], start: number) {
  const isNegated = characters[start + 1] === '!' || characters[start + 1] === '^'
  const first = start + (isNegated ? 2 : 1)
  const end = characters.indexOf(']', first + 1)
  if (end < 0) return null
  const members = characters.slice(first, end)
  const test = (character: string) => isMember(members, character) !== isNegated
  return { test, end }
}

function isMember(members: string[], character: string): boolean {
  for (let index = 0; index < members.length; index += 1) {
    const low = members[index] ?? ''
    const high = members[index + 1] === '-' ? members[index + 2] : undefined
    if (high === undefined && low === character) return true
    if (high !== undefined && low <= character && character <= high) return true
    if (high !== undefined) index += 2
  }
  return false
}
