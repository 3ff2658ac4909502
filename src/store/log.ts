import type { RunBudget } from '#contract/budget.ts'
import type { Message } from '#contract/message.ts'
import type { RunError, RunStatus, StopReason, WaitingFor } from '#contract/run.ts'
import type { FinalToolCallState, Permissions, ToolCallState } from '#contract/tool.ts'
import type { Usage } from '#contract/usage.ts'

/** An event before it has a seq. A `message` in it is stored as a row of its session, too. */
export type NewEvent = {
  runId: string
  /** The session that the event is about. */
  sessionId: string
  agent: string
  type: string
  /** The fields of the type, as one line of JSON. */
  data: string
  /** With its JSON text, so that it is made once. */
  message?: { message: Message; body: string }
}

/** A tool call as it stands after the commit. */
export type CallRow = {
  id: string
  sessionId: string
  runId: string
  messageId: string
  ordinal: number
  callId: string
  tool: string
  arguments: string
  argsHash: string
  /** JSON text of the ToolDefinition, or null for a tool that does not exist. */
  definition: string | null
  executor: 'server' | 'client'
  effect: string
  state: ToolCallState | FinalToolCallState
  /** JSON text of the ToolResult. */
  result: string | null
}

/** `text` is empty where a plan was tried in vain. */
export type RunPlan = { text: string; iterations: number }

/** A run as it stands after the commit: every field that its loop may change. */
export type RunChange = {
  id: string
  status: RunStatus
  agentName: string
  model: string | null
  iterations: number
  iterationLimit: number
  plan: RunPlan | null
  stopReason: StopReason | null
  completed: boolean
  waitingFor: WaitingFor | null
  error: RunError | null
  /** When a waiting run goes on although nobody decided. */
  wakeAt: string | null
} & Spending

/** What a run has spent so far, the runs of its sub-agents included. */
export type Spending = {
  usage: Usage
  toolCalls: number
  /** Milliseconds that it was in the hands of a process. */
  activeMs: number
}

/** What a commit adds to a session: tokens, and settings that a run may change. */
export type SessionChange = {
  id: string
  usage: Usage
  agentName: string | null
  title: string | null
  /** The model that its agent changed to; null: back to its own. */
  picked?: { model: string | null }
  /** Stands for the messages up to `messageId` in prompts. */
  summary?: { text: string; messageId: string; createdAt: string }
}

/** A run that waited behind others begins: with the first events of the entry. */
export type BegunRun = {
  id: string
  /** The agent source, which the session remembers. */
  agent: string
  /** Where the messages begin that its own take the place of. */
  replacedSeq: number | null
  /** The message behind which it begins a branch; null inside: at the beginning. */
  branch: { leaf: string | null } | null
}

/** What was said up to the message of `seq`; `seq` is there when it was read. */
export type SessionSummary = { text: string; createdAt: string; seq?: number }

export type NewSubRun = {
  sessionId: string
  parentSessionId: string
  rootSessionId: string
  title: string
  run: RunChange
  budget: RunBudget
  agent: string
  agentVersion: string
  options: string
  parentRunId: string
  parentCallId: string
}

export type NewApproval = {
  id: string
  sessionId: string
  runId: string
  toolCallId: string
  argsHash: string
  expiresAt: string
}

/** What the hooks of an agent gave for its prompt in a session; the first to write it decides. */
export type NewSessionContext = { sessionId: string; agentName: string; text: string }

export type NewElicitation = {
  id: string
  sessionId: string
  runId: string
  toolCallId: string
  message: string
  mode: string
  schema: string | null
  url: string | null
  held: boolean
  /** What the call asks, or what became of it when its process died. */
  about: 'call' | 'outcome'
  expiresAt: string
}

/** All that one session commits at once. */
export type LogEntry = {
  /** The root session: whose log, whose lock, whose fence. */
  sessionId: string
  /** The fence: nothing of the entry is written unless the session's token is this one. null: no fence. */
  token: number | null
  events: NewEvent[]
  calls: CallRow[]
  runs: RunChange[]
  begun: BegunRun[]
  /** Of runs whose sub-agents spent something; none of them is in `runs`. */
  spent: ({ id: string } & Spending)[]
  sessions: SessionChange[]
  subRuns: NewSubRun[]
  approvals: NewApproval[]
  elicitations: NewElicitation[]
  contexts: NewSessionContext[]
  /** Approvals, and answers to run a call again, that are used up by calls that start. */
  consumed: string[]
  /** Tool calls whose questions nobody answered in time. */
  expired: string[]
  /** Runs whose pending questions are withdrawn. */
  closed: string[]
  /** Messages that waited for a run and are among the events now. */
  taken: string[]
}

/** The settings of a session that a run obeys at once, read under the row's lock. */
export type SessionSettings = {
  permissions: Permissions
  toolsApproved: boolean
  allowedTools: string[]
  thinking: boolean
}

export type Committed = {
  /** The seq before the entry's first event. */
  base: number
  /** Milliseconds since the epoch on the database's clock: the time of all its events. */
  time: number
  settings: SessionSettings
}
