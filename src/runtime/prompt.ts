import type { Message } from '#contract/message.ts'
import type { PromptMessage } from './model.ts'

/**
 * What the model is shown: the system prompt and the newest part of the history that fits. Always
 * well formed: the history never begins with a tool result whose call was cut off, and every call
 * has exactly one result.
 */
export function buildPrompt({
  system,
  history,
  summary = null,
  itemLimit,
  contextLimit,
}: {
  system: string
  history: Message[]
  /** What was said before the history. */
  summary?: string | null
  /** How many of the newest messages may be shown; null: as many as fit. */
  itemLimit: number | null
  /** Tokens of the model's window; null: unknown. */
  contextLimit: number | null
}): PromptMessage[] {
  const start = fittingStart(
    history,
    itemLimit,
    contextLimit,
    estimateTokens(system + (summary ?? '')),
  )
  const shown = repairPairs(history.slice(start))
  const messages = [...toSummaryMessages(summary), ...shown.map(toPromptMessage)]
  return system ? [{ role: 'system', content: system }, ...messages] : messages
}

/** A window that is not known is taken to be this large. */
export const assumedWindow = 128_000
/** The part of the window that the prompt may fill; the rest is for tools and the answer. */
export const promptShare = 0.75

/** Messages that may matter to a prompt: reading more of a history is of no use. */
export function historyReach({
  itemLimit,
  contextLimit,
}: {
  itemLimit: number | null
  contextLimit: number | null
}): { items: number; tokens: number } {
  return {
    items: itemLimit ? itemLimit + 50 : Number.POSITIVE_INFINITY,
    tokens: (contextLimit ?? assumedWindow) * promptShare,
  }
}

/** About four characters are a token; images count as a fixed amount. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4)
}

export function estimateMessage(message: Message): number {
  const calls = message.tool_calls?.reduce(
    (sum, call) => sum + call.function.name.length + call.function.arguments.length,
    0,
  )
  const parts = message.multi_content?.reduce(
    (sum, part) => sum + (part.type === 'text' ? estimateTokens(part.text) : 1000),
    0,
  )
  return estimateTokens(message.content) + Math.ceil((calls ?? 0) / 4) + (parts ?? 0) + 8
}

/** A user's message: many providers take no second system message and want the user to begin. */
function toSummaryMessages(summary: string | null): PromptMessage[] {
  if (summary === null) return []
  return [{ role: 'user', content: `Summary of the conversation so far:\n\n${summary}` }]
}

/** What `num_history_items` means; null: as many as fit. */
export function shownLimit(items: number | undefined): number | null {
  return items || null
}

function fittingStart(
  history: Message[],
  itemLimit: number | null,
  contextLimit: number | null,
  systemTokens: number,
): number {
  const room = (contextLimit ?? assumedWindow) * promptShare - systemTokens
  let tokens = 0
  let start = history.length
  while (start > 0) {
    const message = history[start - 1]
    if (!message) break
    tokens += estimateMessage(message)
    const full = tokens > room || (itemLimit !== null && history.length - start >= itemLimit)
    // The newest message is always shown, whatever its size.
    if (full && start < history.length) break
    start -= 1
  }
  return beginOfExchange(history, start)
}

/** Moves back from tool results to the assistant message that called them. */
function beginOfExchange(history: Message[], start: number): number {
  let index = start
  while (index > 0 && history[index]?.role === 'tool') index -= 1
  return index
}

function repairPairs(history: Message[]): Message[] {
  const repaired: Message[] = []
  for (let index = 0; index < history.length; ) {
    const message = history[index]
    index += 1
    if (!message || message.role === 'tool') continue
    repaired.push(message)
    const open = new Map(message.tool_calls?.map((call) => [call.id, call]) ?? [])
    while (history[index]?.role === 'tool') {
      const result = history[index]
      index += 1
      if (result?.tool_call_id && open.delete(result.tool_call_id)) repaired.push(result)
    }
    for (const call of open.values()) repaired.push(missingResult(message, call.id))
  }
  return repaired
}

function missingResult(message: Message, callId: string): Message {
  return {
    id: `${message.id}_${callId}`,
    parent_id: message.id,
    role: 'tool',
    agent_name: message.agent_name,
    status: 'complete',
    content: 'There is no result: the call did not finish.',
    tool_call_id: callId,
    is_error: true,
    created_at: message.created_at,
  }
}

function toPromptMessage(message: Message): PromptMessage {
  return {
    role: message.role,
    content: message.content,
    ...(message.multi_content ? { multi_content: message.multi_content } : {}),
    ...(message.tool_calls ? { tool_calls: message.tool_calls } : {}),
    ...(message.tool_call_id ? { tool_call_id: message.tool_call_id } : {}),
    ...(message.is_error ? { is_error: true } : {}),
  }
}
