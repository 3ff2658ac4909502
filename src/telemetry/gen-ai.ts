import type { Attributes } from '@opentelemetry/api'
import type {
  ObservedAnswer,
  ObservedModelCall,
  ObservedRun,
  ObservedToolCall,
} from '#runtime/observer.ts'

/** Makes what was said fit to be shown; null: it is not to be shown. */
type Capture = ((text: string) => string) | null

/** The attributes of `invoke_agent`, by the conventions for generative AI. */
export function runAttributes(run: ObservedRun): Attributes {
  return {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.id': `${run.agent}/${run.agentName}`,
    'gen_ai.agent.name': run.agentName,
    ...(run.description !== null && { 'gen_ai.agent.description': run.description }),
    'gen_ai.conversation.id': run.sessionId,
    ...(run.model !== null && modelAttributes(run.model)),
    'parley.run.id': run.id,
    'parley.session.root_id': run.rootSessionId,
  }
}

/** The attributes of `chat` that are known before it is answered. */
export function chatAttributes(
  { model, request }: ObservedModelCall,
  capture: Capture,
): Attributes {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.stream': true,
    'gen_ai.output.type': request.responseFormat ? 'json' : 'text',
    ...modelAttributes(model),
    ...(capture && {
      'gen_ai.input.messages': capture(JSON.stringify(request.messages.map(toMessage))),
    }),
  }
}

export function answerAttributes(answer: ObservedAnswer, capture: Capture): Attributes {
  const { usage, priced, finishReason } = answer
  return {
    'gen_ai.response.finish_reasons': [finishReason],
    ...(usage && {
      'gen_ai.usage.input_tokens': usage.input_tokens,
      'gen_ai.usage.output_tokens': usage.output_tokens,
      'gen_ai.usage.cache_read.input_tokens': usage.cached_input_tokens,
      'gen_ai.usage.reasoning.output_tokens': usage.reasoning_tokens,
    }),
    ...(priced.cost !== null && { 'parley.usage.cost': priced.cost }),
    ...(capture && { 'gen_ai.output.messages': capture(JSON.stringify([toOutput(answer)])) }),
  }
}

/** The attributes of `execute_tool`. */
export function toolAttributes(call: ObservedToolCall, capture: Capture): Attributes {
  return {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': call.name,
    'gen_ai.tool.description': call.description,
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': call.callId,
    'parley.tool_call.id': call.id,
    ...(capture && { 'gen_ai.tool.call.arguments': capture(JSON.stringify(call.args)) }),
  }
}

/** A model is called `provider/model`; the model's own name may hold slashes. */
function modelAttributes(model: string) {
  const slash = model.indexOf('/')
  const provider = model.slice(0, Math.max(0, slash))
  return { 'gen_ai.provider.name': provider, 'gen_ai.request.model': model.slice(slash + 1) }
}

function toMessage(message: ObservedModelCall['request']['messages'][number]) {
  const { role, content, tool_calls: calls = [], tool_call_id: callId } = message
  if (role === 'tool') {
    return { role, parts: [{ type: 'tool_call_response', id: callId, result: content }] }
  }
  return { role, parts: [...textPart(content), ...calls.map(toCallPart)] }
}

function toOutput({ content, toolCalls, finishReason }: ObservedAnswer) {
  const parts = [...textPart(content), ...toolCalls.map(toCallPart)]
  return { role: 'assistant', parts, finish_reason: finishReason }
}

function textPart(content: string) {
  return content === '' ? [] : [{ type: 'text', content }]
}

function toCallPart({ id, function: called }: ObservedAnswer['toolCalls'][number]) {
  return { type: 'tool_call', id, name: called.name, arguments: called.arguments }
}
