import { z } from '@hono/zod-openapi'

/** What a key may do. Every other scope brings `read`, and `admin` brings all. */
export const KeyScope = z
  .enum([
    'read',
    'sessions',
    'runs',
    'approvals',
    'agents:write',
    'tools:write',
    'code:write',
    'keys',
    'metrics',
    'admin',
  ])
  .openapi('KeyScope', {
    description:
      "What a key may do. `read`: see what is its owner's; every other scope brings it. `sessions`, `runs`, `approvals`: make and change sessions, run agents, decide. `agents:write`, `tools:write`, `code:write`: change agents, their tools, and the code of tools. `keys`: its owner's keys. `metrics`: how the server is, for what scrapes it. `admin`: everything, for all owners of the tenant",
    example: 'runs',
  })
export type KeyScope = z.infer<typeof KeyScope>

/** What a caller needs; `public` is for everybody. */
export type RequiredScope = KeyScope | 'public'

/** What an operation needs, as the document says it. */
export function requires<const Needed extends RequiredScope>(scope: Needed) {
  return {
    'x-required-scope': scope,
    security: scope === 'public' ? [] : [{ bearer: [scope] }],
  }
}

/** The same for a stream, which a page opens with an EventSource: that sends no headers. */
export function requiresOrTicket<const Needed extends KeyScope>(scope: Needed) {
  return { 'x-required-scope': scope, security: [{ bearer: [scope] }, { ticket: [scope] }] }
}

/** The ways to show who calls. */
export const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      "An API key (`pk_…`), a session token (`st_…`), or a token of the operator's identity provider. A server on a loopback address needs none until it has its first key",
  },
  ticket: {
    type: 'apiKey',
    in: 'query',
    name: 'ticket',
    description:
      'A session token that works once (createSessionToken with `single_use`), for an EventSource',
  },
} as const
