import { z } from '@hono/zod-openapi'
import { BudgetLimit } from './budget.ts'
import { Message, ToolCall } from './message.ts'
import { RunErrorCode } from './problem.ts'
import { FinalToolCallState, JsonSchema, ToolDefinition, ToolResult } from './tool.ts'
import { Usage } from './usage.ts'

/**
 * One event of a session's log. Order, by session (sub-agents' runs nest, calls of one message may
 * interleave); `event-grammar.ts` checks it:
 *
 *     log    = (run | session_title)*
 *     run    = user_message* stream_started item* error? stream_stopped
 *     item   = step | user_message | run_waiting | run_resumed | max_iterations_reached
 *            | budget_exceeded | plan_updated | session_title | session_summary
 *            | session_compaction | agent_switching | elicitation_request | warning | call | sub-run
 *     step   = step_started (delta | step_restarted | model_fallback)* message_added? token_usage?
 *     delta  = agent_choice | agent_choice_reasoning | partial_tool_call
 *     call   = tool_call_confirmation?
 *              (tool_call (tool_call_output | sub-run sub_session_completed)*)?
 *              tool_call_response message_added                        per tool_call_id
 */
function event<Type extends string, Fields extends z.ZodRawShape>(
  type: Type,
  name: string,
  fields: Fields,
  description: string,
) {
  return z
    .object({
      type: z.literal(type),
      seq: z.number().int().openapi({ description: 'Position in the log of the root session' }),
      seq_from: z
        .number()
        .int()
        .optional()
        .openapi({ description: 'The first position, where one row stands for a range' }),
      session_id: z.string().openapi({ description: 'The session that the event is about' }),
      run_id: z.string().openapi({ example: 'run_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
      agent: z.string().openapi({ description: 'The agent inside the file', example: 'root' }),
      timestamp: z.iso.datetime().openapi({ example: '2026-01-31T12:00:00.000Z' }),
      ...fields,
    })
    .openapi(name, { description })
}

const part = z.number().int().openapi({ description: 'Index of the part in the message' })
const offset = z.number().int().openapi({ description: 'Where it begins, in UTF-16 code units' })
const content = z.string().openapi({ description: 'The next piece', example: 'Hel' })
const delta = { content, part, offset }

export const UserMessageEvent = event(
  'user_message',
  'UserMessageEvent',
  {
    message_id: z.string().openapi({ example: 'msg_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    message: Message,
  },
  'A posted message joins the conversation: when its run begins, or when a running one takes it up',
)
export const StreamStartedEvent = event(
  'stream_started',
  'StreamStartedEvent',
  {
    agent_info: z
      .object({
        model: z.string().openapi({ example: 'openai/gpt-5-mini' }),
        description: z.string().openapi({ description: 'What it is for' }),
        version: z.string().openapi({ description: 'The version of the agent that the run keeps' }),
      })
      .openapi('AgentInfo', { description: 'What answers' }),
    team: z
      .array(
        z
          .object({
            name: z.string().openapi({ example: 'root' }),
            description: z.string().openapi({ description: 'What it is for' }),
          })
          .openapi('TeamMember', { description: 'An agent of the team' }),
      )
      .optional(),
  },
  "A run, or a sub-agent's run, begins",
)
export const StepStartedEvent = event(
  'step_started',
  'StepStartedEvent',
  { step: z.number().int().openapi({ description: 'Counts the model calls of the run from 1' }) },
  'A model call begins',
)
export const AgentChoiceEvent = event('agent_choice', 'AgentChoiceEvent', delta, 'Text arrives')
export const AgentChoiceReasoningEvent = event(
  'agent_choice_reasoning',
  'AgentChoiceReasoningEvent',
  delta,
  'Reasoning arrives',
)
export const PartialToolCallEvent = event(
  'partial_tool_call',
  'PartialToolCallEvent',
  {
    tool_call_id: z.string().openapi({ example: 'call_8f2a' }),
    name: z.string().openapi({ example: 'read_file' }),
    arguments_delta: z.string().openapi({ description: 'The next piece of the JSON text' }),
    offset,
  },
  'Arguments of a tool call arrive',
)
export const StepRestartedEvent = event(
  'step_restarted',
  'StepRestartedEvent',
  {
    step: z.number().int().openapi({ description: 'The model call of the run, from 1' }),
    keep_to: z
      .number()
      .int()
      .openapi({ description: 'Drop the deltas of this step above this seq' }),
    reason: z.string().openapi({ description: 'Why' }),
  },
  'A failed model attempt is tried again',
)
export const MessageAddedEvent = event(
  'message_added',
  'MessageAddedEvent',
  {
    message_id: z.string().openapi({ example: 'msg_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    message: Message,
  },
  'A message was completed, or ended incomplete',
)
export const ToolCallEvent = event(
  'tool_call',
  'ToolCallEvent',
  {
    tool_call: ToolCall,
    tool_definition: ToolDefinition,
    executor: z.enum(['server', 'client']).openapi({ description: 'Who runs it' }),
  },
  'Execution starts',
)
export const ToolCallConfirmationEvent = event(
  'tool_call_confirmation',
  'ToolCallConfirmationEvent',
  {
    tool_call: ToolCall,
    tool_definition: ToolDefinition,
    approval_id: z.string().openapi({ example: 'apr_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    expires_at: z.iso.datetime().openapi({ description: 'When it is decided without anybody' }),
  },
  'A call waits for a decision',
)
export const ToolCallOutputEvent = event(
  'tool_call_output',
  'ToolCallOutputEvent',
  {
    tool_call_id: z.string().openapi({ example: 'call_8f2a' }),
    content: z.string().openapi({ description: 'The text' }),
  },
  'Progress of a long tool',
)
export const ToolCallResponseEvent = event(
  'tool_call_response',
  'ToolCallResponseEvent',
  {
    tool_call: ToolCall,
    response: z.string().openapi({ description: 'What the model is told' }),
    result: ToolResult,
    state: FinalToolCallState,
    denied_by: z
      .enum(['hook'])
      .optional()
      .openapi({ description: 'hook: a hook of the agent denied it, not a rule or a person' }),
    duration_ms: z.number().openapi({ description: 'How long the call took' }),
  },
  'A call ended; exactly one for every call',
)
export const ElicitationRequestEvent = event(
  'elicitation_request',
  'ElicitationRequestEvent',
  {
    elicitation_id: z.string().openapi({ example: 'eli_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    message: z.string().openapi({ description: 'For people' }),
    mode: z.enum(['form', 'url']),
    schema: JsonSchema.optional(),
    url: z.string().optional().openapi({ description: 'Where the user goes to answer' }),
    expires_at: z.iso.datetime().openapi({ description: 'When it is decided without anybody' }),
  },
  'A tool or the agent asks the user',
)
export const PlanUpdatedEvent = event(
  'plan_updated',
  'PlanUpdatedEvent',
  {
    plan: z.string().openapi({ description: 'The plan as text' }),
    updated: z.boolean().openapi({ description: 'It was made again' }),
  },
  'The plan was made (updated: false) or made again',
)
export const AgentSwitchingEvent = event(
  'agent_switching',
  'AgentSwitchingEvent',
  {
    switching: z.boolean().openapi({ description: 'true at the beginning, false at the end' }),
    from_agent: z.string().openapi({ example: 'root' }),
    to_agent: z.string().openapi({ example: 'researcher' }),
  },
  'A transfer begins or ends, or the conversation is handed off',
)
export const SubSessionCompletedEvent = event(
  'sub_session_completed',
  'SubSessionCompletedEvent',
  {
    sub_session_id: z.string().openapi({ example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4c' }),
    tool_call_id: z.string().openapi({ example: 'call_8f2a' }),
  },
  "A sub-agent's session is done",
)
export const TokenUsageEvent = event(
  'token_usage',
  'TokenUsageEvent',
  {
    usage: Usage.extend({
      context_length: z.number().int(),
      context_limit: z.number().int().nullable(),
    }).openapi('ContextUsage', { description: "Usage, and how full the model's window is" }),
    totals: Usage,
  },
  'After each model call; totals are of the session',
)
export const ModelFallbackEvent = event(
  'model_fallback',
  'ModelFallbackEvent',
  {
    failed_model: z.string().openapi({ example: 'openai/gpt-5-mini' }),
    fallback_model: z.string().openapi({ example: 'anthropic/claude-haiku' }),
    reason: z.string().openapi({ description: 'Why' }),
    attempt: z.number().int().openapi({ example: 1 }),
    max_attempts: z.number().int().openapi({ example: 3 }),
  },
  'The next model of the chain is tried',
)
export const SessionTitleEvent = event(
  'session_title',
  'SessionTitleEvent',
  { title: z.string().openapi({ description: 'A short name of the conversation' }) },
  'The session has a title',
)
export const SessionSummaryEvent = event(
  'session_summary',
  'SessionSummaryEvent',
  { summary: z.string().openapi({ description: 'What was said so far' }) },
  'What the compacted part of the history says',
)
export const SessionCompactionEvent = event(
  'session_compaction',
  'SessionCompactionEvent',
  { status: z.enum(['started', 'completed', 'failed']) },
  'The history is being summarised',
)
export const WaitReason = z
  .enum(['approval', 'elicitation', 'client_tool', 'max_iterations', 'budget'])
  .openapi('WaitReason', { description: 'What a run waits for' })
export type WaitReason = z.infer<typeof WaitReason>

export const RunWaitingEvent = event(
  'run_waiting',
  'RunWaitingEvent',
  { reason: WaitReason },
  'The run is parked until somebody decides',
)
export const RunResumedEvent = event(
  'run_resumed',
  'RunResumedEvent',
  { reason: z.string().openapi({ example: 'approval' }) },
  'The run goes on, maybe on another instance',
)
export const MaxIterationsReachedEvent = event(
  'max_iterations_reached',
  'MaxIterationsReachedEvent',
  { limit: z.number().int().openapi({ description: 'The limit that was reached' }) },
  'The limit of model calls is reached',
)
export const BudgetExceededEvent = event(
  'budget_exceeded',
  'BudgetExceededEvent',
  {
    limit: BudgetLimit,
    allowed: z.number().openapi({ description: 'Dollars, tokens, calls or seconds', example: 0.5 }),
    spent: z.number().openapi({ description: 'In the same unit', example: 0.53 }),
  },
  'A limit of the budget is reached; the run parks',
)
export const WarningEvent = event(
  'warning',
  'WarningEvent',
  {
    message: z.string().openapi({ description: 'For people' }),
    code: z.string().openapi({ description: 'For programs' }),
  },
  'Something is worth knowing; the run goes on',
)
export const ErrorEvent = event(
  'error',
  'ErrorEvent',
  {
    error: z.string().openapi({ description: 'For people' }),
    code: RunErrorCode,
    retryable: z.boolean().openapi({ description: 'The same may succeed later' }),
  },
  'The run fails; a stream_stopped follows',
)
export const StreamStoppedEvent = event(
  'stream_stopped',
  'StreamStoppedEvent',
  {
    reason: z.enum(['completed', 'failed', 'cancelled', 'max_iterations']),
    completed: z.boolean().openapi({ description: 'The model gave its whole answer' }),
    usage: Usage,
  },
  'Exactly one for each stream_started',
)

/** Any event of the log. */
export const RuntimeEvent = z
  .discriminatedUnion('type', [
    UserMessageEvent,
    StreamStartedEvent,
    StepStartedEvent,
    AgentChoiceEvent,
    AgentChoiceReasoningEvent,
    PartialToolCallEvent,
    StepRestartedEvent,
    MessageAddedEvent,
    ToolCallEvent,
    ToolCallConfirmationEvent,
    ToolCallOutputEvent,
    ToolCallResponseEvent,
    ElicitationRequestEvent,
    PlanUpdatedEvent,
    AgentSwitchingEvent,
    SubSessionCompletedEvent,
    TokenUsageEvent,
    ModelFallbackEvent,
    SessionTitleEvent,
    SessionSummaryEvent,
    SessionCompactionEvent,
    RunWaitingEvent,
    RunResumedEvent,
    MaxIterationsReachedEvent,
    BudgetExceededEvent,
    WarningEvent,
    ErrorEvent,
    StreamStoppedEvent,
  ])
  .openapi('RuntimeEvent', { description: 'One event of a session; `type` says which' })
export type RuntimeEvent = z.infer<typeof RuntimeEvent>
export type EventType = RuntimeEvent['type']

/** Sent only with `?heartbeat=event`; not stored, without an id. */
export const HeartbeatEvent = z
  .object({
    type: z.literal('heartbeat'),
    head: z.number().int().openapi({ description: 'The newest seq' }),
  })
  .openapi('HeartbeatEvent', { description: 'The stream is alive; head is the newest seq' })
export type HeartbeatEvent = z.infer<typeof HeartbeatEvent>

export const StreamedEvent = z
  .union([RuntimeEvent, HeartbeatEvent])
  .openapi('StreamedEvent', { description: 'One `data:` line of an event stream' })
export type StreamedEvent = z.infer<typeof StreamedEvent>

type Stamp = 'seq' | 'seq_from' | 'session_id' | 'run_id' | 'agent' | 'timestamp'
type Body<Event> = Event extends RuntimeEvent ? Omit<Event, Stamp> : never

/** An event as the runtime makes it; the journal stamps the rest. */
export type EventBody = Body<RuntimeEvent>
