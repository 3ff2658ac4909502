import { z } from '@hono/zod-openapi'
import { Budget } from './budget.ts'
import { WaitReason } from './event.ts'
import { Message, NewMessage } from './message.ts'
import { RunErrorCode } from './problem.ts'
import { ClientTool, JsonSchema } from './tool.ts'
import { Usage } from './usage.ts'

export const RunStatus = z
  .enum(['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'])
  .openapi('RunStatus', { description: 'Where a run is' })
export type RunStatus = z.infer<typeof RunStatus>

export const StopReason = z
  .enum(['stop', 'length', 'max_iterations', 'budget', 'cancelled', 'failed'])
  .openapi('StopReason', { description: 'Why a run ended' })
export type StopReason = z.infer<typeof StopReason>

export const RunError = z
  .object({
    code: RunErrorCode,
    message: z.string().openapi({ description: 'For people' }),
    retryable: z.boolean().openapi({ description: 'The same may succeed later' }),
  })
  .openapi('RunError', { description: 'Why a run failed' })
export type RunError = z.infer<typeof RunError>

export const WaitingFor = z
  .object({
    kind: WaitReason,
    ids: z.array(z.string()).openapi({
      description:
        'Tool call ids for approvals and client tools, elicitation ids, else the runs at their limit',
    }),
  })
  .openapi('WaitingFor', { description: 'What a parked run waits for' })
export type WaitingFor = z.infer<typeof WaitingFor>

export const Run = z
  .object({
    id: z.string().openapi({ example: 'run_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    session_id: z.string().openapi({ example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    status: RunStatus,
    agent: z.string().openapi({ description: 'The agent source' }),
    agent_name: z.string().openapi({ description: 'The agent inside the source' }),
    model: z.string().nullable().openapi({ example: 'openai/gpt-5-mini' }),
    created_at: z.iso.datetime().openapi({ example: '2026-01-31T12:00:00.000Z' }),
    started_at: z.iso.datetime().nullable().openapi({ description: 'When the loop began' }),
    finished_at: z.iso.datetime().nullable().openapi({ description: 'When it was over' }),
    iterations: z.number().int().openapi({ description: 'Model calls made' }),
    stop_reason: z.union([StopReason, z.null()]),
    completed: z.boolean().openapi({ description: 'The model gave its whole answer' }),
    waiting_for: z.union([WaitingFor, z.null()]),
    error: z.union([RunError, z.null()]),
    usage: Usage,
    tool_calls: z
      .int()
      .openapi({ description: 'Tool calls that began, those of its sub-agents too', example: 3 }),
    budget: Budget.openapi({
      description: 'The limits in force, as raised so far; what is not there is not limited',
    }),
    metadata: z.record(z.string(), z.unknown()).openapi({ description: "The caller's own data" }),
  })
  .openapi('Run', { description: 'One run of an agent in a session' })
export type Run = z.infer<typeof Run>

const TextFormat = z
  .object({ type: z.literal('text') })
  .strict()
  .openapi('TextFormat', { description: 'Any text' })

const JsonObjectFormat = z
  .object({ type: z.literal('json_object') })
  .strict()
  .openapi('JsonObjectFormat', { description: 'One JSON object' })

const JsonSchemaFormat = z
  .object({
    type: z.literal('json_schema'),
    json_schema: z
      .object({
        name: z.string().openapi({ example: 'person' }),
        description: z.string().optional().openapi({ description: 'What the object means' }),
        schema: JsonSchema,
        strict: z.boolean().optional().openapi({ description: 'The provider enforces it' }),
      })
      .strict()
      .openapi('NamedSchema', { description: 'A schema and what it is called' }),
  })
  .strict()
  .openapi('JsonSchemaFormat', { description: 'One JSON object that follows a schema' })

export const ResponseFormat = z
  .discriminatedUnion('type', [TextFormat, JsonObjectFormat, JsonSchemaFormat])
  .openapi('ResponseFormat', { description: 'The form that the answer has to take' })
export type ResponseFormat = z.infer<typeof ResponseFormat>

export const OnMaxIterations = z.enum(['wait', 'answer', 'stop']).openapi('OnMaxIterations', {
  description: 'wait: park and ask; answer: one more model call without tools; stop: end',
})
export type OnMaxIterations = z.infer<typeof OnMaxIterations>

export const OnAsk = z
  .enum(['wait', 'deny'])
  .openapi('OnAsk', { description: 'What happens to a call that must be approved' })
export type OnAsk = z.infer<typeof OnAsk>

export const OnElicitation = z.enum(['wait', 'decline']).openapi('OnElicitation', {
  description:
    'What happens to a question to the user. decline: it is not asked, the tool is told that nobody answers',
})
export type OnElicitation = z.infer<typeof OnElicitation>

export const OnUnknown = z.enum(['tell', 'ask']).openapi('OnUnknown', {
  description:
    'What happens to a call that had begun when its server died, may have had an effect and must not run twice. tell: its result is that the outcome is unknown; ask: the run waits, and the user says whether it runs again, happened or failed',
})
export type OnUnknown = z.infer<typeof OnUnknown>

export const OnBudget = z.enum(['wait', 'stop']).openapi('OnBudget', {
  description: 'At its budget. wait: the run parks and asks for more; stop: it ends',
})
export type OnBudget = z.infer<typeof OnBudget>

export const OnBusy = z
  .enum(['reject', 'enqueue', 'interrupt', 'rollback', 'steer'])
  .openapi('OnBusy', {
    description:
      'When another run of the session is active. reject: 409 with its id. enqueue: the run waits for its turn, 20 at most (429 `queue_full`); its messages come to the log when it begins. interrupt: the active run is cancelled, what it wrote stays, and this one is next. rollback: the same, and the messages of the cancelled run, its input included, leave the conversation; the log keeps its events. steer: the messages go into the active run, which takes them up before its next model call, when it waits for somebody after that; the answer is that run. Should it end before, they become a run of their own.',
  })
export type OnBusy = z.infer<typeof OnBusy>

export const OnBusyBranch = z.enum(['reject', 'enqueue', 'interrupt']).openapi('OnBusyBranch', {
  description:
    'When a run of the session is active, for a run that begins a branch. reject: 409 with its id. enqueue: it waits for its turn, 20 at most (429 `queue_full`), and branches off then. interrupt: the active run is cancelled, what it wrote stays as a branch, and this one is next.',
})
export type OnBusyBranch = z.infer<typeof OnBusyBranch>

const options = {
  model: z.string().optional().openapi({ description: 'Instead of the agent file’s' }),
  thinking: z.boolean().optional().openapi({ description: 'The model may reason first' }),
  max_iterations: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .openapi({ description: 'Model calls that one run may make' }),
  force_answer: z
    .boolean()
    .optional()
    .openapi({ description: 'The same as on_max_iterations: answer' }),
  response_format: ResponseFormat.optional(),
  tools: z
    .array(ClientTool)
    .max(128)
    .optional()
    .openapi({ description: 'Tools that the caller runs' }),
  on_ask: OnAsk.optional(),
  on_elicitation: OnElicitation.optional(),
  on_unknown: OnUnknown.optional(),
  on_max_iterations: OnMaxIterations.optional(),
  budget: Budget.optional(),
  on_budget: OnBudget.optional(),
  on_busy: OnBusy.optional(),
  restart_steps: z.boolean().optional().openapi({
    description:
      'false: a model that fails after its first text fails the run. Only a server that takes over from one that was lost begins the step anew, and says so',
  }),
  cancel_on_disconnect: z
    .boolean()
    .optional()
    .openapi({ description: 'The run stops when this connection closes' }),
  metadata: z
    .record(z.string(), z.unknown())
    .optional()
    .openapi({ description: "The caller's own data" }),
}

/** What a caller may set for one run. */
export const RunOptions = z
  .object(options)
  .strict()
  .openapi('RunOptions', { description: 'What a caller may set for one run' })
export type RunOptions = z.infer<typeof RunOptions>

export const RunRequest = z
  .object({ messages: z.array(NewMessage).max(1000), ...options })
  .strict()
  .openapi('RunRequest', { description: 'Messages and options of a run' })
export type RunRequest = z.infer<typeof RunRequest>

/** What the waiting representation of a run answers. */
export const RunResult = z
  .object({
    run: Run,
    message: z.union([Message, z.null()]).openapi({ description: 'The last answer' }),
    output: z.unknown().openapi({
      description: 'The last text, or the object of a structured output; null without an answer',
    }),
    completed: z.boolean().openapi({ description: 'The model gave its whole answer' }),
  })
  .openapi('RunResult', {
    description: 'A run that is over or parked, with its answer',
    // The generator takes a field that may be anything for one that may be missing.
    required: ['run', 'message', 'output', 'completed'],
  })
export type RunResult = z.infer<typeof RunResult>
