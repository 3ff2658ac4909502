import type { Handler } from 'hono'
import type { Env } from './env.ts'

/** What is served to people beside the operations. */
export type Page = { path: string; handler: Handler<Env> }
