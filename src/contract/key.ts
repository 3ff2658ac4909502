import { z } from '@hono/zod-openapi'
import { KeyScope } from './access.ts'
import { pageOf } from './page.ts'

/** Who a key or a caller stands for: printable text, no control characters. */
export const Owner = z
  .string()
  .regex(/^[^\p{C}]{1,200}$/u, 'must be 1 to 200 printable characters')
  .openapi('Owner', {
    // The generator would write the flag into the pattern.
    pattern: '^[^\\p{C}]{1,200}$',
    description:
      'Whose sessions: a person or a program. To make a key for another than oneself takes `admin`',
    example: 'shop',
  })
export type Owner = z.infer<typeof Owner>

const scopes = z
  .array(KeyScope)
  .min(1)
  .max(KeyScope.options.length)
  .openapi({ description: 'What it may do; `["read"]` changes nothing', example: ['runs'] })

export const ApiKey = z
  .object({
    id: z.string().openapi({ description: 'Its id', example: 'key_01k9zq6w0v6m3t8q4x1y2z3a4b' }),
    name: z.string().openapi({ description: 'What it is for', example: 'shop backend' }),
    owner: Owner,
    scopes,
    created_by: z.string().openapi({ description: 'Who made it', example: 'local' }),
    created_at: z.string().openapi({ description: 'When it was made' }),
    expires_at: z.string().nullable().openapi({ description: 'When it stops; null: never' }),
    revoked_at: z.string().nullable().openapi({ description: 'When it was revoked' }),
    last_used_at: z
      .string()
      .nullable()
      .openapi({ description: 'When it was used last, give or take a minute' }),
  })
  .openapi('ApiKey', { description: 'A key of a caller, without its secret' })
export type ApiKey = z.infer<typeof ApiKey>

export const ApiKeyPage = pageOf(ApiKey, 'ApiKeyPage')

export const CreatedKey = ApiKey.extend({
  key: z.string().openapi({
    description: 'The key itself; shown once, only its digest is kept',
    example:
      'pk_01k9zq6w0v6m3t8q4x1y2z3a4b_9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08_1c291ca3',
  }),
}).openapi('CreatedKey', { description: 'A new key' })
export type CreatedKey = z.infer<typeof CreatedKey>

export const NewKey = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(200)
      .openapi({ description: 'What it is for', example: 'shop backend' }),
    scopes,
    owner: Owner.optional(),
    expires_in: z
      .int()
      .min(1)
      .max(10 * 366 * 86_400)
      .optional()
      .openapi({ description: 'Seconds until it stops; never when missing', example: 2_592_000 }),
  })
  .openapi('NewKey', { description: 'A key to be made' })
export type NewKey = z.infer<typeof NewKey>

/** What a session token may do, and the scope that each verb stands for. */
export const verbScopes = {
  read: 'read',
  run: 'runs',
  approve: 'approvals',
  edit: 'sessions',
} as const satisfies Record<string, KeyScope>

export const SessionTokenVerb = z
  .enum(['read', 'run', 'approve', 'edit'])
  .openapi('SessionTokenVerb', {
    description:
      'What a session token may do in its session: see it, run agents, decide what waits, or change its settings. Every verb brings `read`',
    example: 'read',
  })
export type SessionTokenVerb = z.infer<typeof SessionTokenVerb>

function opensStreams(verb: SessionTokenVerb): boolean {
  return verb === 'read' || verb === 'run'
}

export const NewSessionToken = z
  .strictObject({
    verbs: z
      .array(SessionTokenVerb)
      .min(1)
      .max(4)
      .optional()
      .openapi({
        description: '`["read"]` when missing; the caller must be allowed to do it',
        example: ['read', 'run'],
      }),
    expires_in: z
      .int()
      .min(1)
      .max(900)
      .optional()
      .openapi({ description: 'Seconds until it stops; 900 when missing, the most', example: 300 }),
    single_use: z.boolean().optional().openapi({
      description:
        'A ticket: opens one stream as `?ticket=`, for an EventSource. With the verb `run` also one that starts a run, as that of kawai',
      example: false,
    }),
  })
  .refine(({ verbs = [], single_use }) => !single_use || verbs.every(opensStreams), {
    path: ['verbs'],
    message: 'a ticket opens a stream and no more: read and run are its verbs',
  })
  .openapi('NewSessionToken', { description: 'A token to be made' })
export type NewSessionToken = z.infer<typeof NewSessionToken>

export const SessionToken = z
  .object({
    token: z.string().openapi({
      description: 'Sent as `Authorization: Bearer`, or as `?ticket=` when it works once',
      example: 'st_9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08_1c291ca3',
    }),
    session_id: z.string().openapi({ description: 'The only session that it opens' }),
    verbs: z.array(SessionTokenVerb).openapi({ description: 'What it may do' }),
    single_use: z.boolean().openapi({ description: 'Whether it works once, as a ticket' }),
    expires_at: z.string().openapi({ description: 'When it stops' }),
  })
  .openapi('SessionToken', { description: 'A token for a browser; shown once' })
export type SessionToken = z.infer<typeof SessionToken>
