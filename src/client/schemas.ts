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
export type NewMessage = Schemas['NewMessage']
export type ToolCall = Schemas['ToolCall']
export type Run = Schemas['Run']
export type RunRequest = Schemas['RunRequest']
export type RunResult = Schemas['RunResult']
/** What the archive of a server receives. */
export type FinishedTurn = Schemas['FinishedTurn']
export type ChatRequest = Schemas['ChatRequest']
