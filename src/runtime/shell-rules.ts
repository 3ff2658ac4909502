import { joinWords, readShell } from './shell-words.ts'

type Matches = (glob: string, text: string) => boolean

/**
 * Whether a rule that lets run covers a whole command line. Only one of plain words is covered: a
 * substitution, a redirect or a chain would run what the rule does not name.
 */
export function coversCommand(glob: string, text: string, matches: Matches): boolean {
  const { plain, commands } = readShell(text)
  const [words = []] = commands
  return plain && matches(normalGlob(glob), joinWords(words))
}

/**
 * Whether a rule that asks or denies touches a command line: the text as it stands, or any command
 * in it, also behind assignments, keywords and programs that run another one.
 */
export function touchesCommand(glob: string, text: string, matches: Matches): boolean {
  if (matches(glob, text)) return true
  const normal = normalGlob(glob)
  return allCommands(text).some((words) => matches(normal, joinWords(words)))
}

/** A rule may be written with quotes, as the command is. */
function normalGlob(glob: string): string {
  const { plain, commands } = readShell(glob)
  const [words = []] = commands
  return plain && /['"\\]/.test(glob) ? joinWords(words) : glob.replaceAll(/[ \t]+/g, ' ').trim()
}

const deepest = 8
const shells = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'ash'])
/** Programs and words of the shell that run what follows them. */
const runners = new Set(
  '! { builtin busybox case command coproc do doas elif else env eval exec for function if ionice in nice nohup setsid stdbuf sudo then time timeout until watch while xargs'.split(
    ' ',
  ),
)

function allCommands(text: string, depth = 0): string[][] {
  if (depth > deepest) return []
  return readShell(text).commands.flatMap((words) => allReadings(words, depth))
}

/** A command and what it may come to: without its directory, and what it runs in turn. */
function allReadings(words: string[], depth: number): string[][] {
  const start = words.findIndex((word) => !/^[A-Za-z_]\w*\+?=/.test(word))
  if (start < 0) return []
  const command = words.slice(start)
  const [first = '', ...rest] = command
  const name = first.slice(first.lastIndexOf('/') + 1)
  const readings = [command, [name, ...rest]]
  const inner = shells.has(name) || name === 'eval' || name === 'env' || name === 'su'
  if (inner) readings.push(...rest.flatMap((word) => allCommands(word, depth + 1)))
  if (name === 'eval') readings.push(...allCommands(rest.join(' '), depth + 1))
  if (!runners.has(name) || depth > deepest) return readings
  // Its own options and their values come first: each word may be where the other program begins.
  const inside = rest.flatMap((word, index) =>
    word.startsWith('-') ? [] : [rest.slice(index)],
  )
  return [...readings, ...inside.slice(0, 16).flatMap((each) => allReadings(each, depth + 1))]
}
