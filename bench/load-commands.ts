import type { Target } from './load-client.ts'
import type { Script } from './script.ts'
import type { Summary } from './statistics.ts'

/** What the load process is told to do; every time is in milliseconds. */
export type LoadCommands = {
  /** Opens `count` streams, `stagger` apart, and reads each to its end. */
  streams: {
    request: {
      target: Target
      script: Script
      count: number
      stagger: number
      /** Reads each run again from its stored events and checks that too. */
      reread?: boolean
      /** Cuts every connection after a random time up to this one, and reads on in a new one. */
      cutWithin?: number
    }
    result: StreamsResult
  }
  /**
   * `concurrency` callers, each starting its next run when the last one ended, for `duration`, and
   * no more than `limit` runs.
   */
  loop: {
    request: {
      target: Target
      script: Script
      concurrency: number
      duration: number
      limit?: number
    }
    result: LoopResult
  }
  /** `count` runs whose JSON representation is waited for. */
  waits: { request: { target: Target; script: Script; count: number }; result: Checked }
  /** A subscription to each session; held until `release`. */
  subscribe: { request: { target: Target; sessions: string[] }; result: Checked }
  /** `count` new sessions without anything else. */
  sessions: { request: { target: Target; count: number }; result: { sessions: string[] } }
  /** Opens `count` streams and reads nothing of them; held until `release`. */
  stall: { request: { target: Target; script: Script; count: number }; result: Checked }
  /** Opens `count` readers of a stored log from its start and reads nothing; until `release`. */
  stallLog: { request: { target: Target; session: string; count: number }; result: Checked }
  /** Ends what is held. With `read`, stalled streams are first read to their end and checked. */
  release: { request: { read: boolean }; result: Checked }
  /** Sends all of these at once and reads each answer to its end. */
  exchanges: {
    request: { exchanges: Exchange[]; tokens: number }
    result: ExchangesResult
  }
  /** Posts messages to a new session until its history has that many. */
  history: { request: { target: Target; messages: number }; result: { session: string } }
}

export type LoadCommand = keyof LoadCommands

/** Streams that were checked, how many were exact, and what was wrong with the first others. */
export type Checked = { streams: number; exact: number; problems: string[] }

export type StreamsResult = Checked & {
  tokens: number
  /** From the first request to the last end. */
  elapsed: number
  /** From request to first token. */
  firstToken: Summary
  firstAdded: Summary
  latency: Summary
  gap: Summary
  /** Share of one core that the load process itself used. */
  busy: number
}

/** A request whose answer is a stream that shows a counted answer, on any wire. */
export type Exchange = {
  method: string
  url: string
  headers?: Record<string, string>
  body?: unknown
}

export type ExchangesResult = Checked & {
  frames: number
  bytes: number
  /** From the first request to the last end. */
  elapsed: number
  /** Share of one core that the load process itself used. */
  busy: number
}

export type LoopResult = Checked & {
  elapsed: number
  /** A whole run, from its request to its last event. */
  run: Summary
  firstToken: Summary
  firstAdded: Summary
  latency: Summary
  busy: number
}
