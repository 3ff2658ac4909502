import type { RuntimeEvent } from '#contract/event.ts'
import type { ToolCall } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import type { Session } from '#contract/session.ts'
import type { TeamMember } from './cagent-agent.ts'
import { type Frame, plainFrames, userMessage } from './cagent-frames.ts'
import { toTokens, toTool, toToolResult } from './cagent-shapes.ts'
import { createSubSessions } from './cagent-sub-sessions.ts'
import { type AgentTools, createTeamFrames } from './cagent-team.ts'
import type { EventView } from './dialect.ts'
import { lostAnswer, watchSteps } from './step-watch.ts'

/** Every event of the run and of its sub-agents; the last frame of an event has its seq as `id`. */
export function createCagentView({
  run,
  session,
  team,
  tools,
}: {
  run: Pick<Run, 'id' | 'session_id'>
  /** What sub-agents' sessions take over. */
  session: Pick<Session, 'tools_approved' | 'thinking' | 'working_dir'>
  team: TeamMember[]
  /** Those of the agent that runs; other agents' are known when they are called. */
  tools: AgentTools
}): EventView {
  const agents = createTeamFrames({ team, tools })
  const children = createSubSessions({ rootId: run.session_id, session })
  const held = new Map<string, Frame>()
  const opened = new Set<string>()
  const models = new Map<string, string>()
  /** The arguments so far, by session and call. */
  const partial = new Map<string, Map<string, string>>()
  const known = new Map(
    tools.definitions.map((definition) => [`${tools.agent} ${definition.name}`, definition]),
  )
  let limit = 0
  let over = false
  // Arguments are told whole each time, so they can begin anew.
  const isLost = watchSteps('agent_choice', 'agent_choice_reasoning')

  return {
    isOver: () => over,
    show(event) {
      children.note(event)
      if (isLost(event)) return lost(event)
      if (event.type === 'stream_stopped' && event.run_id === run.id) over = true
      return encode(event, framesOf(event))
    },
  }

  /** What is told of the run ends here, and with it the connection. */
  function lost(event: RuntimeEvent): string {
    over = true
    return encode(event, [
      { type: 'error', error: lostAnswer },
      { type: 'stream_stopped', session_id: run.session_id },
    ])
  }

  function framesOf(event: RuntimeEvent): Frame[] {
    switch (event.type) {
      case 'user_message':
        return posted(event)
      case 'stream_started':
        return [...opening(event), { type: 'stream_started', session_id: event.session_id }]
      case 'step_started':
        return agents.listing(event.agent)
      case 'partial_tool_call':
        return [
          {
            type: 'partial_tool_call',
            ...called(event.agent, toPartialCall(event)),
            session_id: event.session_id,
          },
        ]
      case 'tool_call':
      case 'tool_call_confirmation':
        known.set(`${event.agent} ${event.tool_definition.name}`, event.tool_definition)
        return [
          {
            type: event.type,
            ...called(event.agent, event.tool_call),
            session_id: event.session_id,
          },
        ]
      case 'tool_call_response':
        return [...blocked(event), toolResponse(event)]
      case 'message_added':
        return added(event)
      case 'token_usage':
        return [usage(event)]
      case 'agent_switching': {
        const { switching, from_agent, to_agent } = event
        return [{ type: 'agent_switching', switching, from_agent, to_agent }, agents.info(to_agent)]
      }
      case 'sub_session_completed':
        return children.completed(event)
      case 'max_iterations_reached':
        limit = event.limit
        return []
      case 'run_waiting':
        // Where the run goes on or ends by itself, its client is not asked.
        return event.reason === 'max_iterations'
          ? [{ type: 'max_iterations_reached', max_iterations: limit }]
          : []
      case 'stream_stopped':
        return stopped(event)
      default:
        return plainFrames(event)
    }
  }

  /** Its clients are told of the last one, after who answers. */
  function posted(event: Extract<RuntimeEvent, { type: 'user_message' }>): Frame[] {
    const frame = userMessage(event)
    if (opened.has(event.session_id)) return [frame]
    held.set(event.session_id, frame)
    return []
  }

  function opening(event: Extract<RuntimeEvent, { type: 'stream_started' }>): Frame[] {
    const { agent, session_id, agent_info } = event
    const message = held.get(session_id)
    held.delete(session_id)
    opened.add(session_id)
    models.set(session_id, agent_info.model)
    return [
      agents.info(agent, agent_info),
      agents.team(agent),
      ...agents.listing(agent),
      ...(message ? [message] : []),
    ]
  }

  function toPartialCall(event: Extract<RuntimeEvent, { type: 'partial_tool_call' }>): ToolCall {
    const { session_id, tool_call_id: id, name, offset, arguments_delta } = event
    const calls = partial.get(session_id) ?? new Map<string, string>()
    // From the offset on, since a step that begins anew may use the same id.
    const text = (calls.get(id) ?? '').slice(0, offset) + arguments_delta
    partial.set(session_id, calls.set(id, text))
    return { id, type: 'function', function: { name, arguments: text } }
  }

  function called(agent: string, call: ToolCall) {
    const { name } = call.function
    return { tool_call: call, tool_definition: toTool(name, known.get(`${agent} ${name}`)) }
  }

  function blocked(event: Extract<RuntimeEvent, { type: 'tool_call_response' }>): Frame[] {
    if (event.denied_by !== 'hook') return []
    const { agent, tool_call, response: message, session_id } = event
    return [{ type: 'hook_blocked', ...called(agent, tool_call), message, session_id }]
  }

  function toolResponse(event: Extract<RuntimeEvent, { type: 'tool_call_response' }>): Frame {
    return {
      type: 'tool_call_response',
      tool_call_id: event.tool_call.id,
      ...called(event.agent, event.tool_call),
      response: event.response,
      result: toToolResult(event.result),
      session_id: event.session_id,
    }
  }

  function added(event: Extract<RuntimeEvent, { type: 'message_added' }>): Frame[] {
    const { session_id, agent, message } = event
    const frame = { type: 'message_added', session_id }
    if (message.role !== 'assistant') return [frame]
    partial.delete(session_id)
    const { model } = message
    if (model === undefined || model === models.get(session_id)) return [frame]
    models.set(session_id, model)
    return [agents.info(agent, { model }), frame]
  }

  function stopped(event: Extract<RuntimeEvent, { type: 'stream_stopped' }>): Frame[] {
    const { type, session_id, reason } = event
    const message = `Execution stopped after reaching the configured max_iterations limit (${limit}).`
    const told = reason === 'max_iterations' ? [{ type: 'warning', message }] : []
    return [...told, { type, session_id }]
  }

  function usage(event: Extract<RuntimeEvent, { type: 'token_usage' }>): Frame {
    const { session_id, usage: used, totals } = event
    return {
      type: 'token_usage',
      session_id,
      usage: {
        input_tokens: used.input_tokens,
        output_tokens: used.output_tokens,
        context_length: used.context_length,
        context_limit: used.context_limit ?? 0,
        cost: totals.cost ?? 0,
        last_message: {
          ...toTokens(used),
          Cost: used.cost ?? 0,
          Model: models.get(session_id) ?? '',
        },
      },
    }
  }
}

function encode({ agent, seq, timestamp }: RuntimeEvent, frames: Frame[]): string {
  return frames
    .map(({ agent_name: name = agent, ...frame }, index) => {
      const id = index === frames.length - 1 ? `id: ${seq}\n` : ''
      const data = { ...frame, agent: name, agent_name: name, timestamp }
      return `${id}data: ${JSON.stringify(data)}\n\n`
    })
    .join('')
}
