import type { components } from '../../generated/api.d.ts'

export type { components, operations, paths } from '../../generated/api.d.ts'

type Schemas = components['schemas']

/** Any event of a session's log; `switch (event.type)` tells them apart. */
export type RuntimeEvent = Schemas['RuntimeEvent']
export type EventType = RuntimeEvent['type']
/** The event of one type. */
export type EventOf<Type extends EventType> = Extract<RuntimeEvent, { type: Type }>

export type Problem = Schemas['Problem']
export type ProblemCode = Schemas['ProblemCode']
export type Session = Schemas['Session']
export type SessionDetail = Schemas['SessionDetail']
export type Message = Schemas['Message']
/** A message with its place among those that were said instead. */
export type ListedMessage = Schemas['ListedMessage']
export type ContentPart = Schemas['ContentPart']
export type NewMessage = Schemas['NewMessage']
export type ToolCall = Schemas['ToolCall']
export type ToolDefinition = Schemas['ToolDefinition']
export type ToolResult = Schemas['ToolResult']
export type Usage = Schemas['Usage']
export type Approval = Schemas['Approval']
export type Elicitation = Schemas['Elicitation']
export type AgentSummary = Schemas['AgentSummary']
export type AgentDetail = Schemas['AgentDetail']
export type WaitReason = Schemas['WaitReason']
export type Run = Schemas['Run']
export type RunRequest = Schemas['RunRequest']
export type RunResult = Schemas['RunResult']
/** What the archive of a server receives. */
export type FinishedTurn = Schemas['FinishedTurn']
export type ChatRequest = Schemas['ChatRequest']
