/** What stands for a blank inside a word, so that a blank of a rule matches none but a gap. */
export const innerBlank = '\u{f8ff}'

export type ShellReading = {
  /** One command of plain words: nothing is put in, sent elsewhere, chained or expanded. */
  plain: boolean
  /** The words of each simple command, also of those inside substitutions. */
  commands: string[][]
  /** For each of `commands` which of its words are known only when it runs. */
  open: boolean[][]
  /** It nests deeper than anybody writes: there may be more in it than `commands`. */
  tooDeep: boolean
}

/**
 * Reads a command line as a POSIX shell parts it. What is `plain` runs exactly its words; whatever
 * the reader is not sure of is not plain. `commands` finds all that may run in it, for rules that
 * deny: it takes too much rather than too little.
 */
export function readShell(text: string, depth = 0): ShellReading {
  if (depth > deepest) return { plain: false, commands: [], open: [], tooDeep: true }
  const reader: Reader = {
    text,
    depth,
    at: 0,
    plain: true,
    tooDeep: false,
    commands: [],
    open: [],
    words: [],
    openWords: [],
    word: null,
    isOpen: false,
    target: false,
  }
  while (reader.at < text.length) readOne(reader)
  endCommand(reader)
  const [first = []] = reader.commands
  const isOne = reader.commands.length === 1 && !reservedWords.has(first[0] ?? '')
  const assigns = assignment.test(first[0] ?? '')
  const { commands, open, tooDeep } = reader
  return { plain: reader.plain && isOne && !assigns, commands, open, tooDeep }
}

type Reader = {
  text: string
  depth: number
  at: number
  plain: boolean
  tooDeep: boolean
  commands: string[][]
  open: boolean[][]
  words: string[]
  openWords: boolean[]
  /** The word that is being read; null between words. */
  word: string | null
  /** Something in it is put in or chosen when it runs. */
  isOpen: boolean
  /** The next word names what a redirect goes to. */
  target: boolean
}

const deepest = 16
const assignment = /^[A-Za-z_][A-Za-z0-9_]*\+?=/
const reservedWords = new Set(
  '! { } [[ ]] case coproc do done elif else esac fi for function if in select then time until while'.split(
    ' ',
  ),
)
const blanks = new Set([' ', '\t'])
const operators = new Set(['\n', ';', '&', '|', '(', ')', '<', '>'])
// No shell parts words at these or takes them away, but what reads as a blank should be one.
// The last two become i and k when case is ignored, and so another name for a rule than for a shell.
const doubtful = /[\p{Cc}\p{Zs}\p{Zl}\p{Zp}\p{Cf}\p{Co}\u0130\u212a]/u

function readOne(reader: Reader): void {
  const char = reader.text.charAt(reader.at)
  if (blanks.has(char)) {
    endWord(reader)
    reader.at += 1
  } else if (operators.has(char)) readOperator(reader, char)
  else if (char === '#' && reader.word === null) skipComment(reader)
  else if (char === "'") readSingleQuoted(reader)
  else if (char === '"') readDoubleQuoted(reader)
  else if (char === '\\') readEscape(reader)
  else if (char === '$' || char === '`') readSubstitution(reader)
  else {
    // In the place of the program a pattern would choose one of the files that there are.
    const chooses = reader.words.length === 0 && '*?[~'.includes(char)
    if (chooses || '{}'.includes(char) || doubtful.test(char)) reader.plain = false
    if (isPattern(char, reader.word ?? '')) reader.isOpen = true
    add(reader, char)
    reader.at += 1
  }
}

/** A bracket and a brace that nothing closes stand for themselves, as in `[ -f x ]` and `{}`. */
function isPattern(char: string, before: string): boolean {
  if (char === ']') return before.includes('[')
  if (char === '}') return /\{.*(,|\.\.)/s.test(before)
  return char === '*' || char === '?'
}

function readOperator(reader: Reader, char: string): void {
  reader.plain = false
  const before = reader.text.charAt(reader.at - 1)
  reader.at += 1
  if (char === '<' || char === '>') {
    if (/^\d+$/.test(reader.word ?? '')) reader.word = null
    endWord(reader)
    reader.target = true
  } else if (!('&|'.includes(char) && '<>'.includes(before) && before !== '')) {
    endCommand(reader)
    reader.target = false
  }
}

function skipComment(reader: Reader): void {
  reader.plain = false
  const end = reader.text.indexOf('\n', reader.at)
  reader.at = end < 0 ? reader.text.length : end
}

function readSingleQuoted(reader: Reader): void {
  const end = reader.text.indexOf("'", reader.at + 1)
  if (end < 0) reader.plain = false
  add(reader, reader.text.slice(reader.at + 1, end < 0 ? undefined : end))
  reader.at = end < 0 ? reader.text.length : end + 1
}

function readDoubleQuoted(reader: Reader): void {
  add(reader, '')
  reader.at += 1
  while (reader.at < reader.text.length) {
    const char = reader.text.charAt(reader.at)
    if (char === '"') {
      reader.at += 1
      return
    }
    if (char === '$' || char === '`') readSubstitution(reader)
    else {
      const next = reader.text.charAt(reader.at + 1)
      const escapes = char === '\\' && ['"', '\\', '$', '`', '\n'].includes(next)
      if (next === '\n' && escapes) reader.plain = false
      add(reader, escapes ? next.replace('\n', '') : char)
      reader.at += escapes ? 2 : 1
    }
  }
  reader.plain = false
}

function readEscape(reader: Reader): void {
  const next = reader.text.charAt(reader.at + 1)
  if (next === '' || next === '\n') reader.plain = false
  if (next !== '\n') add(reader, next)
  reader.at += 2
}

/** What stands inside runs too: it is read as commands of its own. */
function readSubstitution(reader: Reader): void {
  reader.plain = false
  const { text, at } = reader
  const opening = text.startsWith('$(', at) ? '$(' : text.charAt(at) === '`' ? '`' : ''
  reader.isOpen = true
  if (opening === '') {
    add(reader, '$')
    reader.at += 1
    return
  }
  const start = at + opening.length
  const end = opening === '`' ? endOfBackticks(text, start) : endOfParentheses(text, start)
  const inside = text.slice(start, end)
  const reading = readShell(opening === '`' ? unescaped(inside) : inside, reader.depth + 1)
  reader.commands.push(...reading.commands)
  reader.open.push(...reading.open)
  reader.tooDeep ||= reading.tooDeep
  add(reader, '')
  reader.at = end + 1
}

function endOfBackticks(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    if (text.charAt(at) === '\\') at += 1
    else if (text.charAt(at) === '`') return at
  }
  return text.length
}

/** Counts parentheses outside quotes. One that it takes for the last too late only finds more. */
function endOfParentheses(text: string, start: number): number {
  let depth = 1
  let quote = ''
  for (let at = start; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '\\' && quote !== "'") at += 1
    else if (quote !== '') quote = char === quote ? '' : quote
    else if (char === "'" || char === '"') quote = char
    else if (char === '(') depth += 1
    else if (char === ')') depth -= 1
    if (depth === 0) return at
  }
  return text.length
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([\\`$])/g, '$1')
}

function add(reader: Reader, text: string): void {
  reader.word = (reader.word ?? '') + text
}

function endWord(reader: Reader): void {
  if (reader.word === null) return
  if (!reader.target) {
    reader.words.push(reader.word)
    reader.openWords.push(reader.isOpen)
  }
  reader.word = null
  reader.isOpen = false
  reader.target = false
}

function endCommand(reader: Reader): void {
  endWord(reader)
  if (reader.words.length > 0) {
    reader.commands.push(reader.words)
    reader.open.push(reader.openWords)
  }
  reader.words = []
  reader.openWords = []
}

/** The words as one text for a rule's glob. */
export function joinWords(words: string[]): string {
  return words.map((word) => word.replaceAll(/\s/g, innerBlank)).join(' ')
}
