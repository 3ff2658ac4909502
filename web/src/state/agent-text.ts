import type { components } from 'parley-client'
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, stringify } from 'yaml'

export type AgentFile = components['schemas']['AgentFile']

/** What is wrong with a file, and on which line; lines count from 1. */
export type TextProblem = { readonly line: number; readonly message: string }

export type ReadText =
  | { readonly file: AgentFile; readonly problems?: undefined }
  | { readonly file?: undefined; readonly problems: readonly TextProblem[] }

/** What the text says; whether that is an agent file is for the server to say. */
export function readAgentText(text: string): ReadText {
  const { document, lines } = parse(text)
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(({ message, pos }) => ({
        line: lines.linePos(pos[0]).line,
        message: message.split(/ at line |\n/)[0] ?? message,
      })),
    }
  }
  try {
    const value: unknown = document.toJS()
    if (isFile(value)) return { file: value }
  } catch (error) {
    return { problems: [{ line: 1, message: error instanceof Error ? error.message : 'unread' }] }
  }
  return { problems: [{ line: 1, message: 'This is no agent file: it begins with agents:' }] }
}

/** The lines of what the server found, by the path that it names. */
export function locateProblems(
  text: string,
  errors: readonly { path: string; message: string }[],
): TextProblem[] {
  const { document, lines } = parse(text)
  return errors.map(({ path, message }) => {
    const [first = '', ...rest] = path.split('.')
    const keys = first === 'config' ? rest : [first, ...rest]
    const offset = offsetOf(document.contents, keys)
    return { line: lines.linePos(offset).line, message: `${keys.join('.')} ${message}`.trim() }
  })
}

/**
 * What is edited: the text as it is written where it says just what the server reads in it, else the
 * configuration as text, as prompts in files of their own or another format ask for.
 */
export function editableText(text: string, config: AgentFile): string {
  const { file } = readAgentText(text)
  return isSame(file, config) ? text : toText(config)
}

export function toText(config: AgentFile): string {
  return stringify(config, { lineWidth: 0, blockQuote: 'literal' })
}

function parse(text: string) {
  const lines = new LineCounter()
  return { document: parseDocument(text, { lineCounter: lines, prettyErrors: false }), lines }
}

/** As far as the path leads. */
function offsetOf(contents: Node | null, keys: readonly string[]): number {
  let offset = contents?.range?.[0] ?? 0
  let node: unknown = contents
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      if (!pair) return offset
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(key)]
      if (item === undefined) return offset
      node = item
      offset = rangeOf(item) ?? offset
    }
  }
  return offset
}

function rangeOf(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined
}

/** The rest of its shape is the server's to check; it says what is wrong and where. */
function isFile(value: unknown): value is AgentFile {
  return typeof value === 'object' && value !== null && 'agents' in value
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([key, child]) => [key, sorted(child)])
}
