/** A place where code runs that nobody trusts, one call at a time. */
export type Sandbox = {
  /**
   * Throws a `SandboxFault` when the code broke what it ran in, and the signal's reason when that
   * aborts. After either the sandbox is lost: it must be closed.
   */
  run(request: CodeRequest, call: CodeCall): Promise<CodeAnswer>
  /** Whether it ended by itself, so that nothing can run in it. */
  isLost(): boolean
  /** Ends whatever runs in it at once. */
  close(): Promise<void>
}

export type CodeRequest = {
  code: string
  /** Without arguments the code is looked at and not called. */
  arguments?: Record<string, unknown>
  /** Names of global functions that the code may call; JavaScript only. */
  functions?: string[]
}

export type CodeCall = {
  signal: AbortSignal
  /** What the code prints, in few pieces. */
  onOutput(text: string): void
  /** Answers a call of one of the request's `functions`; the code stands still until it settles. */
  onCall?(name: string, args: unknown): Promise<FunctionAnswer>
}

/** What a function of the host gives to the code: a value, or an error that it throws. */
export type FunctionAnswer = { output: string } | { error: string }

/** `json` is the code's own text: it may be no JSON at all, but it is not long. */
export type CodeAnswer = { type: 'result'; json: string } | { type: 'error'; message: string }

/** The sandbox is lost; the message is for the model. */
export class SandboxFault extends Error {
  override name = 'SandboxFault'
}

/** Characters of JSON that a call may give back. */
export const mostResult = 2 * 1024 * 1024
/** Characters that a call may print; the rest is dropped. */
export const mostOutput = 64 * 1024
/** Characters of a traceback. */
export const mostError = 16 * 1024
/** Seconds of computing for one call. */
export const mostComputing = 10
