import type { WaitReason } from '#contract/event.ts'
import type { RunStatus } from '#contract/run.ts'
import type { JsonSchema, ToolDefinition, ToolResult } from '#contract/tool.ts'

/** Whose call it is. */
export type ToolSession = {
  tenant: string
  owner: string
  sessionId: string
  agentName: string
  /** The session's `working_dir`, absolute, or null. */
  workingDir: string | null
  /**
   * Headers of the request that started the run, by lower-case name, for `${headers.NAME}`. Never
   * stored: a run that goes on in another process has none.
   */
  headers?: Record<string, string>
}

export type ToolContext = ToolSession & {
  /** Stable over crashes: the idempotency key to hand to the outside. */
  callId: string
  /** The model's own id of the call, as it stands in the transcript and the events. */
  providerCallId: string
  runId: string
  /** Aborts on cancel, time-out and shutdown; `execute` must then return or reject promptly. */
  signal: AbortSignal
  /** Shows progress; a `tool_call_output` event. */
  progress(content: string): void
  /**
   * Asks the user while the call stays open in this process, as a connection to another server may
   * need. Resolves with their answer; with the action `cancel` when nobody answers in time or the
   * run is interrupted. What can ask before it does anything returns `elicit` instead: that waits
   * without a process.
   */
  elicit(request: ElicitationRequest): Promise<ElicitationAnswer>
  /**
   * Changes the model of the session's following steps and runs: `provider/model` or a name under
   * the file's `models:`, which the agent's `model_picker` has to offer; null is the agent's own.
   */
  setModel(reference: string | null): Promise<void>
  /** Agents that work for this session beside its runs. */
  background: BackgroundAgents
  /** What the user answered to the elicitation that an earlier `execute` of this call returned. */
  answer?: ElicitationAnswer
}

/**
 * Agents that work in the background, each in a session of its own that outlives this run and this
 * process. `start` and what it may not do throw an Error for the model; the same call begins one
 * agent, however often it is repeated.
 */
export type BackgroundAgents = {
  start(task: AgentTask): Promise<BackgroundAgent>
  /** Oldest first. */
  list(): Promise<BackgroundAgent[]>
  /** null: the session has no such agent. */
  view(id: string): Promise<(BackgroundAgent & { answer: string | null }) | null>
  /** Resolves when it has stopped, or is about to. */
  stop(id: string): Promise<BackgroundAgent | null>
}

/** What one agent asks of another. */
export type AgentTask = { agent: string; task: string; expectedOutput?: string }

export type BackgroundAgent = {
  /** The id of its session. */
  id: string
  agent: string
  title: string
  status: RunStatus
  /** What a run that is `waiting` waits for. */
  waitingFor: WaitReason | null
  /** Why a run has failed; for people. */
  error: string | null
  /** ISO 8601. */
  createdAt: string
}

export type ElicitationAnswer = {
  action: 'accept' | 'decline' | 'cancel'
  content: Record<string, unknown> | null
}

export type ElicitationRequest = {
  message: string
  mode: 'form' | 'url'
  schema?: JsonSchema
  url?: string
}

/**
 * `elicit` parks the run without holding the process; when the user has answered, maybe days later
 * and in another process, `execute` is called again with the same arguments and `context.answer`.
 */
export type ToolOutcome =
  | ({ type: 'result' } & ToolResult)
  | { type: 'elicit'; request: ElicitationRequest }

/**
 * `execute` gets arguments that were checked against `definition.parameters`. What it throws
 * becomes an error result for the model, with the error's message; so a message must teach and must
 * not leak. The runtime cuts output and enforces the time-out.
 */
export type Tool = {
  definition: ToolDefinition
  /** Touches nothing outside the session, so it runs without asking although it is no mere read. */
  harmless?: true
  /** Answers `elicit`, so it can be called only by itself and not from a script. */
  parks?: true
  /** Milliseconds; the runtime's default when missing. 0: none (it waits for a person). */
  timeout?: number
  execute(args: Record<string, unknown>, context: ToolContext): Promise<ToolOutcome>
}

/** Some tools that belong together, configured by one entry of `toolsets:`. */
export type Toolset = {
  /** Told to the model after the agent's own instruction. */
  instruction?: string
  /** May be asked at every step; what it throws is a warning and the agent goes on without. */
  tools(session: ToolSession): Promise<Tool[]>
  close?(): Promise<void>
}

/** Makes a toolset from its entry in the agent file. Throws an Error that says what is wrong. */
export type ToolsetFactory = (
  config: Record<string, unknown>,
  context: {
    /** Where relative paths of the file start; absolute. */
    baseDirectory: string
    /** The agent is from a file that the operator named: it may start programs. */
    allowStdio?: boolean
    /** The agents that may be given tasks. */
    subAgents?: string[]
  },
) => Toolset

/**
 * Runs a script that nobody trusts, isolated from everything but the functions that it is given. Each
 * stops the script until `call` answers: `output` is what it gives back, `error` what it throws. The
 * result is what the script returned, or the error that ended it. Throws the signal's reason when that
 * aborts.
 */
export type RunScript = (request: {
  script: string
  functions: string[]
  call(name: string, args: unknown): Promise<{ output: string } | { error: string }>
  signal: AbortSignal
  /** Shares at most half of the places: one session cannot hold up the others. */
  group: string
  /** What it prints. */
  onOutput(text: string): void
}) => Promise<Pick<ToolResult, 'output' | 'is_error'>>

/** A plain text result. */
export function textResult(output: string): ToolOutcome {
  return { type: 'result', output, is_error: false }
}

/** A failure that the model is told. */
export function errorResult(output: string): ToolOutcome {
  return { type: 'result', output, is_error: true }
}
