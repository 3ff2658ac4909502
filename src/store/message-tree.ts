import type { Message } from '#contract/message.ts'
import { type FieldError, Problem } from '#contract/problem.ts'
import { missingResult } from './missing-results.ts'

/** A tree of messages in the order of their writing, well formed, with ids of its own. */
export type MessageTree = {
  messages: Message[]
  /** The new id of each message by its old one. */
  ids: Map<string, string>
  leaf: string | null
}

/** The calls that wait for results behind a message, and where the next one belongs. */
type Node = { message: Message; open: readonly string[] }

/**
 * Reads a tree that came from outside. Each message must follow an earlier one or none, so there
 * are no cycles; each result must answer an open call. Calls that nobody answered get results that
 * say so, on every branch. Throws a `Problem` that names each message that does not fit.
 */
export function readMessageTree({
  messages,
  leaf,
  nextId,
}: {
  messages: readonly Message[]
  leaf: string | null
  nextId: () => string
}): MessageTree {
  const nodes = new Map<string, Node>()
  const written: Message[] = []
  const parents = new Set<Node>()
  const closed = new Map<Node, Node>()
  const errors: FieldError[] = []

  function write(message: Message, open: readonly string[]): Node {
    written.push(message)
    return { message, open }
  }

  /** Behind the results of the calls that are still open there, which are made once. */
  function close(node: Node): Node {
    const known = closed.get(node)
    if (known) return known
    let end = node
    for (const [index, callId] of node.open.entries()) {
      const result = missingResult(end.message, { id: nextId(), callId })
      end = write(result, node.open.slice(index + 1))
    }
    closed.set(node, end)
    return end
  }

  function add(message: Message, index: number): void {
    const at = (field: string, text: string) =>
      errors.push({ path: `messages.${index}.${field}`, message: text })
    if (nodes.has(message.id)) return void at('id', `${message.id} is the id of an earlier message`)
    const parent = message.parent_id === null ? undefined : nodes.get(message.parent_id)
    if (message.parent_id !== null && !parent) {
      return void at('parent_id', `no earlier message has the id ${message.parent_id}`)
    }
    const fault = faultOf(message, parent)
    if (fault) return void at(fault.field, fault.text)
    if (parent) parents.add(parent)
    const before = parent && message.role !== 'tool' ? close(parent) : parent
    const copy = { ...message, id: nextId(), parent_id: before?.message.id ?? null }
    nodes.set(message.id, write(copy, openBehind(message, parent)))
  }

  messages.forEach(add)
  const end = leaf === null ? undefined : nodes.get(leaf)
  if (errors.length === 0 && !end && (leaf !== null || messages.length > 0)) {
    errors.push({ path: 'leaf_message_id', message: 'must be the id of one of the messages' })
  }
  if (errors.length > 0) {
    throw new Problem('validation_failed', 'The messages are no well-formed tree', { errors })
  }
  for (const node of nodes.values()) if (!parents.has(node)) close(node)
  return {
    messages: written,
    ids: new Map([...nodes].map(([id, { message }]) => [id, message.id])),
    leaf: end ? close(end).message.id : null,
  }
}

function faultOf(
  message: Message,
  parent: Node | undefined,
): { field: string; text: string } | null {
  const { role, tool_calls: calls, tool_call_id: answered } = message
  if (calls && role !== 'assistant') {
    return { field: 'tool_calls', text: 'only an assistant calls tools' }
  }
  if (calls && new Set(calls.map(({ id }) => id)).size < calls.length) {
    return { field: 'tool_calls', text: 'each call needs an id of its own' }
  }
  if (role !== 'tool') return null
  if (answered !== undefined && parent?.open.includes(answered)) return null
  return { field: 'tool_call_id', text: 'must name a call that has no result before this one' }
}

function openBehind({ role, tool_calls, tool_call_id }: Message, parent: Node | undefined) {
  if (role !== 'tool') return (tool_calls ?? []).map(({ id }) => id)
  return parent?.open.filter((id) => id !== tool_call_id) ?? []
}
