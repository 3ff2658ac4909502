import type { EventOf, RuntimeEvent } from 'parley-client'
import { type CallRecord, callKey } from './call-record.ts'
import { parseObject } from './json.ts'

/** An agent that works in a session of its own, inside a tool call of another. */
export type SubAgent = {
  readonly session_id: string
  readonly agent: string
  /** The call that it works for, as `callKey`; null while nothing tells. */
  readonly call: string | null
  readonly isRunning: boolean
}

type Known = {
  readonly calls: Readonly<Record<string, CallRecord>>
  readonly asking: Readonly<Record<string, string>>
  readonly subAgents: Readonly<Record<string, SubAgent>>
}

/** The sub-agents of `root` after one more event. */
export function advanceSubAgents(
  known: Known,
  event: RuntimeEvent,
  root: string,
): Known['subAgents'] {
  const { subAgents } = known
  if (event.type === 'sub_session_completed') return complete(known, event)
  if (event.session_id === root) return subAgents
  const sub = subAgents[event.session_id] ?? {
    session_id: event.session_id,
    agent: event.agent,
    call: null,
    isRunning: true,
  }
  const next = advance(known, sub, event)
  return next === subAgents[event.session_id]
    ? subAgents
    : { ...subAgents, [event.session_id]: next }
}

function advance(known: Known, sub: SubAgent, event: RuntimeEvent): SubAgent {
  switch (event.type) {
    case 'user_message':
      return sub.call === null ? { ...sub, call: findCall(known, sub, event.message.content) } : sub
    case 'stream_started':
      return { ...sub, agent: event.agent, isRunning: true }
    case 'stream_stopped':
      return { ...sub, isRunning: false }
    default:
      return sub
  }
}

/** Until the end names the call, the one that gave this task to this agent, and has nobody yet. */
function findCall({ calls, subAgents }: Known, sub: SubAgent, message: string): string | null {
  const taken = new Set(Object.values(subAgents).map(({ call }) => call))
  const free = Object.entries(calls).filter(
    ([key, { state, session_id }]) =>
      state === 'started' && session_id !== sub.session_id && !taken.has(key),
  )
  const match = free.find(([, { tool_call }]) => {
    const { agent, task } = parseObject(tool_call.function.arguments) ?? {}
    return agent === sub.agent && typeof task === 'string' && message.includes(task)
  })
  return match?.[0] ?? null
}

function complete(
  { calls, asking, subAgents }: Known,
  { session_id, sub_session_id, tool_call_id }: EventOf<'sub_session_completed'>,
): Known['subAgents'] {
  const sub = subAgents[sub_session_id]
  const message = asking[session_id]
  if (!sub || message === undefined) return subAgents
  const key = callKey(message, tool_call_id)
  const call = key in calls ? key : sub.call
  return { ...subAgents, [sub_session_id]: { ...sub, call, isRunning: false } }
}
