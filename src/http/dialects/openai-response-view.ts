import type { RuntimeEvent } from '#contract/event.ts'
import type { Run } from '#contract/run.ts'
import { addUsage, noUsage } from '#contract/usage.ts'
import type { EventView } from './dialect.ts'
import { runError } from './openai-errors.ts'
import type { Fields } from './openai-fields.ts'
import { functionItem, messageItem, serverCallItem, textPart } from './openai-output-items.ts'
import { type OutputItem, type ResponseState, toResponse } from './openai-response.ts'
import { createFrameWriter } from './openai-response-frames.ts'

type Of<Type extends RuntimeEvent['type']> = Extract<RuntimeEvent, { type: Type }>
type Open = {
  kind: 'message' | 'reasoning'
  item: OutputItem
  index: number
  text: string
  tell(delta: string): string
}

/**
 * A run, or the part of it that one response is, as the events of Responses. Calls that the server
 * runs are `mcp_call` items, since those are nobody's to answer.
 */
export function createResponseView({
  run,
  part,
  skipped = { parts: 0, clientCalls: [] },
  structured,
  startingAfter = -1,
}: {
  run: Run
  part: number
  /** What came before the first event that is shown: parts that are over, and the caller's calls. */
  skipped?: { parts: number; clientCalls: string[] }
  /** Only the last step's text is the answer. */
  structured: boolean
  /** The `sequence_number` up to which the client has it. */
  startingAfter?: number
}): EventView & { response(): Fields; isOver(): boolean } {
  const state: ResponseState = { status: 'in_progress', output: [], usage: null, error: null }
  const frames = createFrameWriter(startingAfter)
  const serverCalls = new Map<string, { item: OutputItem; index: number }>()
  const clientCalls = new Set(skipped.clientCalls)
  let seen = skipped.parts
  let begun = false
  let over = false
  let stepStart = 0
  let open: Open | null = null

  const response = () => toResponse({ run, part }, state)
  const itemId = (prefix: string) =>
    `${prefix}_${run.id.replace(/^run_/, '')}_${part}_${state.output.length}`

  function begin(): string {
    begun = true
    return (
      frames.tell('response.created', { response: response() }) +
      frames.tell('response.in_progress', { response: response() })
    )
  }

  function add(item: OutputItem): { index: number; text: string } {
    const index = state.output.push(item) - 1
    return { index, text: frames.tell('response.output_item.added', { output_index: index, item }) }
  }

  function done(index: number, item: OutputItem): string {
    state.output[index] = item
    return frames.tell('response.output_item.done', { output_index: index, item })
  }

  function write(kind: Open['kind'], delta: string): string {
    if (delta === '') return ''
    let before = ''
    if (open?.kind !== kind) {
      before = closeText()
      before += kind === 'message' ? openMessage() : openReasoning()
    }
    if (!open) return before
    open.text += delta
    return before + open.tell(delta)
  }

  function openMessage(): string {
    const item = messageItem(itemId('msg'))
    const { index, text } = add(item)
    const place = { item_id: item.id, output_index: index, content_index: 0 }
    const tell = frames.deltas('response.output_text.delta', { ...place, logprobs: [] })
    open = { kind: 'message', item, index, text: '', tell }
    return text + frames.tell('response.content_part.added', { ...place, part: textPart('') })
  }

  function openReasoning(): string {
    const item = { id: itemId('rs'), type: 'reasoning', summary: [] }
    const { index, text } = add(item)
    const place = { item_id: item.id, output_index: index, summary_index: 0 }
    const tell = frames.deltas('response.reasoning_summary_text.delta', place)
    open = { kind: 'reasoning', item, index, text: '', tell }
    const empty = { type: 'summary_text', text: '' }
    return text + frames.tell('response.reasoning_summary_part.added', { ...place, part: empty })
  }

  function closeText(status: 'completed' | 'incomplete' = 'completed'): string {
    if (!open) return ''
    const { kind, item, index, text } = open
    open = null
    const place = { item_id: item.id, output_index: index }
    if (kind === 'message') {
      const shown = { ...place, content_index: 0 }
      return (
        frames.tell('response.output_text.done', { ...shown, text, logprobs: [] }) +
        frames.tell('response.content_part.done', { ...shown, part: textPart(text) }) +
        done(index, { ...item, status, content: [textPart(text)] })
      )
    }
    const shown = { ...place, summary_index: 0 }
    const summary = { type: 'summary_text', text }
    return (
      frames.tell('response.reasoning_summary_text.done', { ...shown, text }) +
      frames.tell('response.reasoning_summary_part.done', { ...shown, part: summary }) +
      done(index, { ...item, summary: [summary] })
    )
  }

  /** Another server makes the step anew: what it told stays in its place, without its text. */
  function restart(): string {
    const text = closeText('incomplete')
    for (const [index, item] of state.output.entries()) {
      if (index < stepStart) continue
      state.output[index] =
        item.type === 'reasoning'
          ? { ...item, summary: [] }
          : { ...item, status: 'incomplete', content: [] }
    }
    stepStart = state.output.length
    return text
  }

  function callClient({ tool_call: { id, function: called } }: Of<'tool_call'>): string {
    const item = functionItem(itemId('fc'), { id, ...called })
    const { index, text } = add({ ...item, arguments: '' })
    const place = { item_id: item.id, output_index: index }
    return (
      text +
      frames.deltas('response.function_call_arguments.delta', place)(called.arguments) +
      frames.tell('response.function_call_arguments.done', { ...place, ...called }) +
      done(index, { ...item, status: 'completed' })
    )
  }

  function callServer({
    tool_call: { id, function: called },
  }: Of<'tool_call_response' | 'tool_call'>) {
    const item = serverCallItem(itemId('mcp'), { label: run.agent, ...called })
    const { index, text } = add({ ...item, arguments: '' })
    serverCalls.set(id, { item, index })
    const place = { item_id: item.id, output_index: index }
    return (
      text +
      frames.tell('response.mcp_call.in_progress', place) +
      frames.deltas('response.mcp_call_arguments.delta', place)(called.arguments) +
      frames.tell('response.mcp_call_arguments.done', { ...place, arguments: called.arguments })
    )
  }

  function endCall(event: Of<'tool_call_response'>): string {
    const { id } = event.tool_call
    if (clientCalls.has(id)) return ''
    // One that never ran, as it was denied, comes with its result alone.
    const text = serverCalls.has(id) ? '' : callServer(event)
    const call = serverCalls.get(id)
    if (!call) return text
    const { output, is_error: failed } = event.result
    const place = { item_id: call.item.id, output_index: call.index }
    return (
      text +
      frames.tell(failed ? 'response.mcp_call.failed' : 'response.mcp_call.completed', place) +
      done(call.index, {
        ...call.item,
        status: failed ? 'failed' : 'completed',
        output: failed ? null : output,
        error: failed ? { type: 'mcp_tool_execution_error', content: output } : null,
      })
    )
  }

  function end(status: Exclude<ResponseState['status'], 'in_progress'>): string {
    const text = closeText(status === 'completed' ? 'completed' : 'incomplete')
    over = true
    state.status = status
    state.usage ??= noUsage
    // The wire has no event for one that was cancelled.
    const told = status === 'cancelled' ? 'incomplete' : status
    return text + frames.tell(`response.${told}`, { response: response() })
  }

  function park({ reason }: Of<'run_waiting'>): string {
    if (reason === 'client_tool' || reason === 'elicitation') return end('completed')
    // Somebody else is asked, or nobody: then there is no such wait.
    return reason === 'approval' ? '' : end('incomplete')
  }

  function stop({ reason, completed }: Of<'stream_stopped'>): string {
    if (reason === 'failed' || reason === 'cancelled') return end(reason)
    return end(completed ? 'completed' : 'incomplete')
  }

  /** Whether an event belongs to the part before; the first of this one begins it. */
  function isBefore(event: RuntimeEvent): boolean {
    if (begun) return false
    if (part === 0) return event.type !== 'stream_started'
    if (seen === part) return event.type !== 'run_resumed'
    if (event.type === 'run_waiting' && event.reason === 'client_tool') seen += 1
    return true
  }

  return {
    response,
    isOver: () => over,
    show(event) {
      if (over) return ''
      if (event.type === 'token_usage' && begun) {
        state.usage = addUsage(state.usage ?? noUsage, event.usage)
      }
      if (event.session_id !== run.session_id || event.run_id !== run.id) return ''
      // Its result comes in the next part.
      if (event.type === 'tool_call' && event.executor === 'client') {
        clientCalls.add(event.tool_call.id)
      }
      if (isBefore(event)) return ''
      const opening = begun ? '' : begin()
      return opening + showOwn(event)
    },
  }

  function showOwn(event: RuntimeEvent): string {
    switch (event.type) {
      case 'step_started':
        stepStart = state.output.length
        return ''
      case 'step_restarted':
        return restart()
      case 'agent_choice':
        return structured ? '' : write('message', event.content)
      case 'agent_choice_reasoning':
        return write('reasoning', event.content)
      case 'message_added': {
        const { role, content, status, tool_calls: calls = [] } = event.message
        if (role !== 'assistant') return ''
        const held = structured && calls.length === 0 ? write('message', content) : ''
        return held + closeText(status === 'incomplete' ? 'incomplete' : 'completed')
      }
      case 'tool_call':
        return closeText() + (event.executor === 'client' ? callClient(event) : callServer(event))
      case 'tool_call_response':
        return endCall(event)
      case 'elicitation_request':
        return (
          closeText() +
          write('message', event.url ? `${event.message}\n${event.url}` : event.message) +
          closeText()
        )
      case 'run_waiting':
        return park(event)
      case 'error': {
        const { code, message } = runError({ code: event.code, message: event.error })
        state.error = { code: code ?? 'server_error', message }
        return ''
      }
      case 'stream_stopped':
        return stop(event)
      default:
        return ''
    }
  }
}
