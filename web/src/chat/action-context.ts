import type { Client } from 'parley-client'
import type { SessionStore } from './session-store.ts'

/** What actions on one conversation need. */
export type ActionContext = { client: Client; store: SessionStore; session: string }
