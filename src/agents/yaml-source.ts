import type { Document, Node, Pair, YAMLError } from 'yaml'
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { FilePath, FileProblem } from './problem.ts'

export type YamlSource = {
  value: unknown
  /** Where a path stands, or the nearest part of it that is in the text. */
  locate(path: FilePath, options?: { atKey?: boolean }): { line: number; column: number }
}

const mostBytes = 1024 * 1024
/** An alias may stand for many nodes; the parser counts all that the aliases expand to. */
const mostAliases = 100
/** After these the parser is lost, and so would be the reader. */
const mostProblems = 10

/** Reads YAML (and so JSON) as data that knows its lines. Bounded: size, aliases, one document. */
export function readYaml(text: string): YamlSource | { problems: FileProblem[] } {
  if (Buffer.byteLength(text) > mostBytes) {
    return atStart('the file is larger than 1 MiB; move long texts to files (instruction: file:…)')
  }
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, {
      merge: true,
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
    })
    const errors = [...document.errors, ...document.warnings]
    if (errors.some(isOverflow)) return atStart('nested too deeply')
    if (errors.length > 0) {
      return { problems: errors.slice(0, mostProblems).map((error) => toProblem(error, lines)) }
    }
    const value: unknown = document.toJS({ maxAliasCount: mostAliases })
    return { value, locate: (path, options) => locate(document, lines, path, options?.atKey) }
  } catch (error) {
    return atStart(reasonOf(error))
  }
}

function atStart(message: string): { problems: FileProblem[] } {
  return { problems: [{ line: 1, column: 1, message }] }
}

/** The parser turns an overflow of its own recursion into errors of the document. */
function isOverflow(error: YAMLError): boolean {
  return error.message.includes('Maximum call stack size exceeded')
}

function toProblem(error: YAMLError, lines: LineCounter): FileProblem {
  const { line, col } = lines.linePos(error.pos[0])
  return { line: Math.max(1, line), column: Math.max(1, col), message: yamlMessage(error) }
}

function yamlMessage(error: YAMLError): string {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return 'the same key twice in one mapping; keep one'
    case 'MULTIPLE_DOCS':
      return 'more than one document; write one team a file and remove the ---'
    case 'TAG_RESOLVE_FAILED':
      return `tags are not supported: ${error.message}`
    default:
      return `not valid YAML: ${error.message}`
  }
}

function reasonOf(error: unknown): string {
  // The parser and its walk over the nodes recurse; nothing but nesting makes them overflow.
  if (error instanceof RangeError) return 'nested too deeply'
  const message = error instanceof Error ? error.message : String(error)
  if (message.startsWith('Excessive alias count')) return 'the aliases expand to too much'
  return `not valid YAML: ${message}`
}

function locate(
  document: Document,
  lines: LineCounter,
  path: FilePath,
  atKey = false,
): { line: number; column: number } {
  let node: unknown = document.contents
  let place: Node | null = document.contents
  for (const [depth, step] of path.entries()) {
    const pair = stepInto(node, step, document)
    if (pair === undefined) break
    node = pair.value
    const isLast = depth === path.length - 1
    const next = (isLast && atKey) || !isPlaced(pair.value) ? pair.key : pair.value
    if (isPlaced(next)) place = next
  }
  const { line, col } = lines.linePos(place?.range?.[0] ?? 0)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function isPlaced(node: unknown): node is Node {
  return isNode(node) && node.range != null
}

/** The key and value behind one step; looks through aliases and merge keys. */
function stepInto(
  node: unknown,
  step: string | number,
  document: Document,
): { key?: unknown; value: unknown } | undefined {
  const target = isAlias(node) ? node.resolve(document) : node
  if (isSeq(target)) {
    return typeof step === 'number' ? { value: target.items[step] } : undefined
  }
  if (!isMap(target)) return undefined
  const pair = target.items.find((item) => keyOf(item) === String(step))
  if (pair !== undefined) return pair
  return mergedInto(target.items, step, document)
}

function mergedInto(
  pairs: Pair[],
  step: string | number,
  document: Document,
): { key?: unknown; value: unknown } | undefined {
  const merge = pairs.find((item) => keyOf(item) === '<<')
  if (merge === undefined) return undefined
  const merged = isAlias(merge.value) ? merge.value.resolve(document) : merge.value
  const sources = isSeq(merged) ? merged.items : [merged]
  for (const source of sources) {
    const found = stepInto(source, step, document)
    if (found !== undefined) return found
  }
  return undefined
}

function keyOf(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined
  // The parser reads a merge key as a symbol that describes itself.
  return typeof pair.key.value === 'symbol' ? pair.key.value.description : String(pair.key.value)
}
