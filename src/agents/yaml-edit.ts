import type { Document } from 'yaml'
import { isMap, isScalar, isSeq, parseDocument, Scalar, stringify, visit } from 'yaml'
import type { AgentFile } from '#contract/agent-file.ts'
import { secretsIn } from './conceal.ts'
import type { Difference } from './differences.ts'
import type { FilePath } from './problem.ts'

/**
 * The text of a file after some steps, with its agents in that order; comments and what did not
 * change stay as they were written. It may fail to say a change where the text uses aliases: the
 * caller reads it again and compares.
 */
export function editYaml(text: string, steps: Difference[], agentNames: string[]): string {
  const document = edit(text, steps, agentNames)
  return document.toString(layout(document))
}

/** The same for a file in JSON, which has no comments to keep. */
export function editJson(text: string, steps: Difference[], agentNames: string[]): string {
  return `${JSON.stringify(edit(text, steps, agentNames).toJS(), null, 2)}\n`
}

function edit(text: string, steps: Difference[], agentNames: string[]): Document {
  const document = parseDocument(text, options)
  try {
    for (const step of steps) take(document, step)
  } catch {
    // An alias stands where the change goes.
    return parseDocument(text, options)
  }
  orderAgents(document, agentNames)
  return document
}

/** A new file. */
export function writeYaml(file: AgentFile): string {
  return stringify(file, { lineWidth: 0 })
}

/** The text without the secrets in it. */
export function concealYaml(text: string): string {
  const document = parseDocument(text, options)
  const secrets = secretsIn(document.toJS({ maxAliasCount: 100 }))
  if (secrets.length === 0) return text
  for (const { path, shown } of secrets) setIn(document, path, shown)
  return document.toString(layout(document))
}

const options = { merge: true, stringKeys: true } as const

function take(document: Document, step: Difference): void {
  switch (step.kind) {
    case 'set':
      setIn(document, step.path, step.value)
      return
    case 'remove':
      document.deleteIn(step.path)
      return
    case 'insert':
      insertIn(document, step.path, step.value)
      return
  }
}

/** A changed text keeps its comment and, where that fits, the way it is quoted. */
function setIn(document: Document, path: FilePath, value: unknown): void {
  const node = document.getIn(path, true)
  if (isScalar(node) && typeof value === 'string') {
    node.value = value
    if (value.includes('\n')) node.type = Scalar.BLOCK_LITERAL
    return
  }
  const made = document.createNode(value)
  if (isScalar(node) && isScalar(made) && node.comment) made.comment = node.comment
  document.setIn(path, made)
}

function insertIn(document: Document, path: FilePath, value: unknown): void {
  const list = document.getIn(path.slice(0, -1), true)
  if (isSeq(list)) list.items.splice(Number(path.at(-1)), 0, document.createNode(value))
}

/** The first agent answers when none is called root. */
function orderAgents(document: Document, names: string[]): void {
  const agents = document.getIn(['agents'], true)
  if (!isMap(agents)) return
  const keyOf = (pair: { key: unknown }) => String(isScalar(pair.key) ? pair.key.value : pair.key)
  const written = agents.items.map(keyOf)
  if (names.every((name, index) => written[index] === name)) return
  agents.items.sort((a, b) => names.indexOf(keyOf(a)) - names.indexOf(keyOf(b)))
}

/** Long lines stay, but in a file with folded texts, which would become one line each. */
function layout(document: Document): { lineWidth: number } {
  let folded = false
  visit(document, {
    Scalar(_, node) {
      if (node.type === Scalar.BLOCK_FOLDED) folded = true
    },
  })
  return { lineWidth: folded ? 100 : 0 }
}
