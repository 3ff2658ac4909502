import type { ContentPart, Message, ToolCall, Usage } from 'parley-client'
import { type CallRecord, callKey } from './call-record.ts'
import type { LogRecord, Notice } from './log-record.ts'
import type { SubAgent } from './sub-agents.ts'

/** What stands below one another on the page. */
export type Item = MessageItem | AnswerItem | NoticeItem

export type MessageItem = {
  readonly type: 'message'
  readonly key: string
  readonly message: Message
}

/** All that an agent said and did until somebody else spoke. */
export type AnswerItem = {
  readonly type: 'answer'
  readonly key: string
  readonly agent: string | null
  readonly parts: readonly Part[]
  /** Its model messages, oldest first. */
  readonly messages: readonly Message[]
}

export type NoticeItem = { readonly type: 'notice'; readonly key: string; readonly notice: Notice }

export type Part =
  | { readonly type: 'reasoning'; readonly key: string; readonly text: string }
  | { readonly type: 'text'; readonly key: string; readonly message: Message }
  | { readonly type: 'call'; readonly key: string; readonly call: CallView }
  | { readonly type: 'notice'; readonly key: string; readonly notice: Notice }

/** A tool call with what is known of it, from the log or else from the stored messages. */
export type CallView = Omit<CallRecord, 'run_id'> & {
  readonly key: string
  readonly subAgents: readonly SubAgent[]
}

/** The items of one session, of its messages in order. */
export function itemsOf({
  sessionId,
  messages,
  record,
  isActive,
}: {
  sessionId: string
  messages: readonly Message[]
  record: Pick<LogRecord, 'calls' | 'notices' | 'subAgents'>
  /** A call without a result may still come to it. */
  isActive: boolean
}): Item[] {
  const notices = noticesBy(record.notices, sessionId)
  const results = resultsOf(messages)
  const items: Item[] = [...(notices.get(undefined) ?? []).map(toNoticeItem)]
  for (const message of messages) {
    if (message.role === 'tool') continue
    const said = notices.get(message.id) ?? []
    if (message.role !== 'assistant') {
      items.push({ type: 'message', key: message.id, message }, ...said.map(toNoticeItem))
      continue
    }
    const parts = [
      ...partsOf(message, { sessionId, record, results, isActive }),
      ...said.map((notice) => ({ type: 'notice' as const, key: `notice ${notice.seq}`, notice })),
    ]
    const last = items.at(-1)
    if (last?.type === 'answer' && last.agent === message.agent_name) {
      items[items.length - 1] = {
        ...last,
        parts: [...last.parts, ...parts],
        messages: [...last.messages, message],
      }
    } else {
      items.push({
        type: 'answer',
        key: message.id,
        agent: message.agent_name,
        parts,
        messages: [message],
      })
    }
  }
  return items
}

/** The usage of several messages; the cost is null when none has a known one. */
export function sumUsage(messages: readonly Message[]): Usage | null {
  const usages = messages.flatMap(({ usage }) => (usage ? [usage] : []))
  if (usages.length === 0) return null
  const sum = (pick: (usage: Usage) => number) =>
    usages.reduce((total, usage) => total + pick(usage), 0)
  const costs = messages.flatMap(({ cost, usage }) => cost ?? usage?.cost ?? [])
  return {
    input_tokens: sum((usage) => usage.input_tokens),
    output_tokens: sum((usage) => usage.output_tokens),
    cached_input_tokens: sum((usage) => usage.cached_input_tokens),
    reasoning_tokens: sum((usage) => usage.reasoning_tokens),
    cost: costs.length === 0 ? null : costs.reduce((total, cost) => total + cost, 0),
  }
}

/** The parts of a message beside its text. */
export function attachmentsOf(message: Message): Exclude<ContentPart, { type: 'text' }>[] {
  return (message.multi_content ?? []).filter((part) => part.type !== 'text')
}

function noticesBy(notices: readonly Notice[], sessionId: string) {
  const own = notices.filter((notice) => notice.session_id === sessionId)
  return Map.groupBy(own, ({ after }) => after)
}

function toNoticeItem(notice: Notice): NoticeItem {
  return { type: 'notice', key: `notice ${notice.seq}`, notice }
}

/** Results follow their answer, so the one before them is meant. */
function resultsOf(messages: readonly Message[]): Map<string, Message> {
  const results = new Map<string, Message>()
  let answer = ''
  for (const message of messages) {
    if (message.role === 'assistant') answer = message.id
    if (message.role === 'tool' && message.tool_call_id !== undefined) {
      results.set(callKey(answer, message.tool_call_id), message)
    }
  }
  return results
}

type Knowledge = {
  sessionId: string
  record: Pick<LogRecord, 'calls' | 'subAgents'>
  results: Map<string, Message>
  isActive: boolean
}

function partsOf(message: Message, knowledge: Knowledge): Part[] {
  const { id, reasoning, content, tool_calls = [] } = message
  return [
    ...(reasoning ? [{ type: 'reasoning' as const, key: `${id} reasoning`, text: reasoning }] : []),
    ...(content || message.status === 'incomplete'
      ? [{ type: 'text' as const, key: `${id} text`, message }]
      : []),
    ...tool_calls.map((call) => {
      const view = toCallView(message, call, knowledge)
      return { type: 'call' as const, key: view.key, call: view }
    }),
  ]
}

function toCallView(
  message: Message,
  tool_call: ToolCall,
  { sessionId, record, results, isActive }: Knowledge,
): CallView {
  const key = callKey(message.id, tool_call.id)
  const subAgents = Object.values(record.subAgents).filter(({ call }) => call === key)
  const known = record.calls[key]
  if (known) return { ...known, key, subAgents }
  const result = results.get(key)
  const unfinished = isActive ? 'proposed' : 'cancelled'
  return {
    key,
    subAgents,
    tool_call,
    seq: 0,
    session_id: sessionId,
    state: result ? (result.is_error ? 'failed' : 'succeeded') : unfinished,
    executor: 'server',
    definition: null,
    approval: null,
    output: '',
    response: result?.content ?? null,
    result: null,
    duration_ms: null,
  }
}
