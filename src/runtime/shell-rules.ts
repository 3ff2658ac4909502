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
 * in it, also behind assignments, keywords and programs that run another one. What is too tangled
 * to be read, and a program that only running it tells (`$x`, `r?`), is touched by every rule.
 */
export function touchesCommand(glob: string, text: string, matches: Matches): boolean {
  if (matches(glob, text)) return true
  const normal = normalGlob(glob)
  const found = allCommands(text)
  return (
    found === null || found.some((words) => matches(normal, joinWords(words).slice(0, longest)))
  )
}

/** A rule may be written with quotes, as the command is. */
function normalGlob(glob: string): string {
  const { plain, commands } = readShell(glob)
  const [words = []] = commands
  return plain && /['"\\]/.test(glob) ? joinWords(words) : glob.replaceAll(/[ \t]+/g, ' ').trim()
}

const assignment = /^[A-Za-z_]\w*\+?=/
const deepest = 4
const mostStarts = 64
/** Words and characters of a command that are held against a rule. */
const mostWords = 256
const longest = 4096
/** What runs the text that it is given. */
const shells = new Set('sh bash dash zsh ksh ash eval su watch ssh'.split(' '))
/** Programs and words of the shell that run what follows them. */
const runners = new Set(
  '! { builtin busybox command coproc do doas elif else env exec if ionice nice nohup setsid stdbuf sudo then time timeout until while xargs'.split(
    ' ',
  ),
)
const findActions = new Set(['-exec', '-execdir', '-ok', '-okdir'])

/**
 * Every command that a line may come to; null when it nests deeper than is read, or when a program
 * of it is known only when it runs.
 */
function allCommands(text: string, depth = 0): string[][] | null {
  const { commands, open, tooDeep } = readShell(text)
  if (tooDeep || depth > deepest) return null
  const all: string[][] = []
  for (const [index, words] of commands.entries()) {
    const command = withoutAssignments(words)
    const starts = startsOf(command)
    const isOpen = open[index]?.slice(words.length - command.length) ?? []
    if (starts.some((start) => isOpen[start] && !assignment.test(command[start] ?? ''))) return null
    for (const start of starts) {
      const [first = '', ...rest] = command.slice(start, start + mostWords)
      all.push([first, ...rest], [programOf(first), ...rest])
    }
    const shell = starts.find((start) => shells.has(programOf(command[start])))
    for (const inner of shell === undefined ? [] : textsIn(command.slice(shell + 1))) {
      const found = allCommands(inner, depth + 1)
      if (found === null) return null
      all.push(...found)
    }
  }
  return all
}

function withoutAssignments(words: string[]): string[] {
  const start = words.findIndex((word) => !assignment.test(word))
  return start < 0 ? [] : words.slice(start)
}

/** Where a program may begin: first of all, and behind each that runs another one. */
function startsOf(command: string[]): number[] {
  const starts = [0]
  if (programOf(command[0]) === 'find') {
    starts.push(...command.flatMap((word, index) => (findActions.has(word) ? [index + 1] : [])))
  }
  let program = 0
  while (runners.has(programOf(command[program])) && starts.length < mostStarts) {
    const runner = program
    for (program += 1; program < command.length && starts.length < mostStarts; program += 1) {
      const word = command[program] ?? ''
      if (word.startsWith('-')) continue
      starts.push(program)
      // It may be the value of the option before it, and the program comes later.
      const follows = program - 1 > runner && command[program - 1]?.startsWith('-')
      if (!follows && !/^\d|=/.test(word)) break
    }
  }
  return starts
}

/** The program without its directory. */
function programOf(word = ''): string {
  return word.slice(word.lastIndexOf('/') + 1)
}

/** What a shell is given may be commands, word by word or as a whole. */
function textsIn(words: string[]): string[] {
  return words.length > 1 ? [...words, words.join(' ')] : words
}
