export {
  applyEvent,
  type CallProgress,
  type Conversation,
  emptyConversation,
} from './conversation.ts'
export { type Client, type ClientOptions, createClient } from './create-client.ts'
export type { Draft } from './draft.ts'
export { ApiError, ConnectionError, StreamError } from './errors.ts'
export { followRun, followSession } from './follow.ts'
export type { Reconnect, StreamOptions } from './resume-stream.ts'
export type * from './schemas.ts'
export { chat, runAgent } from './start-run.ts'
