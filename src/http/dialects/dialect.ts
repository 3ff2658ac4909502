import type { RequiredScope } from '#contract/access.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import type { Problem } from '#contract/problem.ts'
import type { House } from '../dialect-house.ts'

/**
 * Another server's wire over the same sessions, runs and events: it decodes its requests, asks the
 * house for what they mean, and shows our events as its frames.
 */
export type Dialect = {
  name: string
  /** Where it always stands, `/compat/NAME` for the other servers. With `--as` it has the root. */
  mount: string
  /** Where the server that it stands in for listens by default; a protocol has none. */
  port?: number
  /** The environment variable of that server that names another port. */
  portVariable?: string
  /** Its clients can approve. Else a call that must ask is denied, or waits for another door. */
  approves: boolean
  /** false: its clients cannot answer a tool that asks the user, which is told so, or waits too. */
  asks?: false
  /** Its wire can tell clients to drop text; else a model that fails after some fails the run. */
  takesTextBack: boolean
  /** A header that its clients send keys in, beside `Authorization`. */
  keyHeader?: string
  routes: DialectRoute[]
  /** A problem as this wire tells it; `status` is the one that the problem has natively. */
  refuse(problem: Problem, status: number): Answer
}

export type DialectRoute = {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** Below the mount, with `:name` for a parameter. */
  path: string
  /** The path is below the root of the server instead. */
  atRoot?: true
  /** What its caller must be allowed to do, in the words of the contract; `public` asks nobody. */
  scope: RequiredScope
  /**
   * A stream that EventSource opens, which sends no headers, so that a ticket may: the session that
   * it is for, or the run of a stream that the ticket opened before.
   */
  ticketFor?(call: Pick<Call, 'query' | 'header'>): { session: string } | { run: string } | null
  answer(call: Call): Promise<Answer> | Answer
}

/** One request, in the name of its caller. */
export type Call = {
  params: Record<string, string>
  query(name: string): string | undefined
  header(name: string): string | undefined
  /** Where the caller reached this server: `https://host:port`. */
  origin: string
  /**
   * The body as a JSON value within the server's limits; undefined when there is none. Throws
   * `invalid_json`, `payload_too_large`, and without `anyMediaType` `unsupported_media_type`.
   */
  body(options?: { anyMediaType?: boolean }): Promise<unknown>
  house: House
}

export type Answer =
  | { type: 'json'; status: number; body: unknown; headers?: Record<string, string> }
  | { type: 'text'; status: number; body: string; headers?: Record<string, string> }
  | { type: 'empty'; status: number; headers?: Record<string, string> }
  | {
      type: 'stream'
      /** The root session, whose log is shown from after this seq. */
      sessionId: string
      after: number
      /** The view sees what comes before this seq too, to know it; the client has it already. */
      resumeAfter?: number
      view: EventView
      headers?: Record<string, string>
      /** This run is cancelled when the caller goes away before the end. */
      cancelOnDisconnect?: string
    }

/**
 * How one connection shows events, in the order of the log. It remembers what it showed, so each
 * connection has its own.
 */
export type EventView = {
  /** Sent with the headers. */
  opening?: string
  /** Types that make no difference to it; their events are passed over unread. */
  ignores?: ReadonlySet<RuntimeEvent['type']>
  /** The bytes for an event; empty for one that this wire does not show. */
  show(event: RuntimeEvent): string
  /** After the last shown event nothing follows. */
  isOver(): boolean
  /** What keeps an idle connection open; an SSE comment when missing. */
  heartbeat?: () => string
  /** The last words where the server ends the stream before it is over; nothing when missing. */
  interrupted?: () => string
}

export function json(body: unknown, status = 200, headers?: Record<string, string>): Answer {
  return { type: 'json', status, body, ...(headers && { headers }) }
}
