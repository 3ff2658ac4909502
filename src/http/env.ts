import type { HttpBindings } from '@hono/node-server'
import type { RouteHandler } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Operations } from '#contract/operations.ts'
import type { Problem, ProblemCode } from '#contract/problem.ts'
import type { HeldKey } from '#store/idempotency.ts'
import type { Scope } from '#store/scope.ts'
import type { Principal } from './principal.ts'

/** What a request with a key has to do: begin its run, or show the one that was begun. */
export type RunKey = { type: 'held'; key: HeldKey } | { type: 'begun'; runId: string }

export type Env = {
  Bindings: HttpBindings
  Variables: {
    requestId: string
    /** What the contract's paths stand below: `/parley` where a dialect has the root, else empty. */
    base: string
    /** What this wire's clients send keys in, beside `Authorization`. */
    keyHeader?: string
    principal: Principal
    /** Why the principal is nobody. */
    unidentified?: Problem
    /** What the principal may see. */
    scope: Scope
    /** Headers that every answer to this request carries, also one that bypasses the context. */
    commonHeaders: Record<string, string>
    /** For those who watch: the code of the problem that is answered. */
    refusal?: ProblemCode
    /** The run that it began. */
    runId?: string
    /** The response is a stream, or waits for a run. */
    staysOpen?: true
    /** Of a request with an Idempotency-Key. */
    runKey?: RunKey
  }
}

export type AppContext = Context<Env>

/** One handler for each operation; a forgotten one or a wrong body is a compile error. */
export type Handlers = { [Id in keyof Operations]: RouteHandler<Operations[Id], Env> }
