import { z } from '@hono/zod-openapi'

/** Parameters of paths, queries and requests' headers; each key is a component of the document. */
export const parameters = {
  SessionParameter: pathParameter('SessionParameter', 'session', {
    description: "A session's id, or the external id that the caller gave it",
    example: 'ses_01k9zq6w0v6m3t8q4x1y2z3a4b',
  }),
  MessageParameter: pathParameter('MessageParameter', 'message', {
    description: "A message's id",
    example: 'msg_01k9zq6w0v6m3t8q4x1y2z3a4b',
  }),
  BranchParameter: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .openapi('BranchParameter', {
      param: { name: 'branch', in: 'query', required: false },
      description:
        'A message: shows the branch through it to the newest messages below it. By default the active branch',
      example: 'msg_01k9zq6w0v6m3t8q4x1y2z3a4b',
    }),
  RunParameter: pathParameter('RunParameter', 'run', {
    description: "A run's id",
    example: 'run_01k9zq6w0v6m3t8q4x1y2z3a4b',
  }),
  ApprovalParameter: pathParameter('ApprovalParameter', 'approval', {
    description: "An approval's id",
    example: 'apr_01k9zq6w0v6m3t8q4x1y2z3a4b',
  }),
  KeyParameter: pathParameter('KeyParameter', 'key', {
    description: "A key's id, as listKeys shows it",
    example: 'key_01k9zq6w0v6m3t8q4x1y2z3a4b',
  }),
  AgentParameter: pathParameter('AgentParameter', 'agent', {
    description: "An agent source: a file's name without its ending",
    example: 'assistant',
  }),
  AgentNameParameter: pathParameter('AgentNameParameter', 'agent_name', {
    description: 'An agent inside the source',
    example: 'root',
  }),
  AgentVersionParameter: pathParameter('AgentVersionParameter', 'version', {
    description: 'A version that listAgentVersions gave',
    example: '9f2c1d7ae0b34c58',
  }),
  ToolParameter: pathParameter('ToolParameter', 'tool', {
    description: "A tool's name",
    example: 'add',
  }),
  IfMatchParameter: z
    .string()
    .max(200)
    .optional()
    .openapi('IfMatchParameter', {
      param: { name: 'if-match', in: 'header', required: false },
      description: 'The ETag that the caller has seen; when another is current, nothing changes',
      example: '"9f2c1d7ae0b34c58"',
    }),
  LimitParameter: integerParameter('LimitParameter', {
    name: 'limit',
    minimum: 1,
    maximum: 500,
    standard: 50,
    description: 'How many at most',
  }),
  CursorParameter: z
    .string()
    .max(1000)
    .optional()
    .openapi('CursorParameter', {
      param: { name: 'cursor', in: 'query', required: false },
      description: '`next_cursor` of the page before',
      example: 'eyJ1IjoiMjAyNi0wMS0zMSJ9',
    }),
  NewestFirstParameter: orderParameter('NewestFirstParameter', 'desc'),
  OldestFirstParameter: orderParameter('OldestFirstParameter', 'asc'),
  AfterParameter: z
    .string()
    .max(32)
    .optional()
    .openapi('AfterParameter', {
      param: { name: 'after', in: 'query', required: false },
      description:
        'The id of the last event that the caller has, or `latest` for what comes from now on. Last-Event-ID wins over it',
      example: '42',
    }),
  LastEventIdParameter: z
    .string()
    .max(32)
    .optional()
    .openapi('LastEventIdParameter', {
      param: { name: 'last-event-id', in: 'header', required: false },
      description: 'What an EventSource sends when it connects again; wins over `after`',
      example: '42',
    }),
  EventNamesParameter: z
    .enum(['true', 'false'])
    .optional()
    .transform((value) => value === 'true')
    .openapi('EventNamesParameter', {
      param: { name: 'event_names', in: 'query', required: false },
      type: 'boolean',
      default: false,
      description: 'Adds an `event:` line with the type to each frame',
      example: true,
    }),
  HeartbeatParameter: z
    .enum(['comment', 'event'])
    .optional()
    .default('comment')
    .openapi('HeartbeatParameter', {
      param: { name: 'heartbeat', in: 'query', required: false },
      description: 'How the stream shows every 10 s that it is alive',
      example: 'event',
    }),
  IdempotencyKeyParameter: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\x21-\x7e]+$/, 'must be 1 to 255 visible ASCII characters')
    .optional()
    .openapi('IdempotencyKeyParameter', {
      param: { name: 'idempotency-key', in: 'header', required: false },
      description:
        'Makes the request safe to send again for 24 h: the same request under the same key acts once. Again it is answered with the run that the first began, whole from its first event or with its result (a 202 shows the run as it is now), or with the very answer that the first got. While the first is not committed: 409 `idempotency_in_flight`; with another path or body: 422 `idempotency_mismatch`. A request that was refused does not use up its key.',
      example: '4f0c1b1e-8f57-4d6e-a9ac-0f5c3f1f4a55',
    }),
  PreferParameter: z
    .string()
    .max(200)
    .optional()
    .openapi('PreferParameter', {
      param: { name: 'prefer', in: 'header', required: false },
      description: '`respond-async` answers 202 as soon as the run is stored',
      example: 'respond-async',
    }),
}

/** What every list that grows takes. */
export function pageQuery(order: 'newest' | 'oldest') {
  return {
    limit: parameters.LimitParameter,
    cursor: parameters.CursorParameter,
    order: order === 'newest' ? parameters.NewestFirstParameter : parameters.OldestFirstParameter,
  }
}

/** How a stream is to be written. */
export const streamQuery = {
  after: parameters.AfterParameter,
  event_names: parameters.EventNamesParameter,
  heartbeat: parameters.HeartbeatParameter,
}

function pathParameter(
  component: string,
  name: string,
  { description, example }: { description: string; example: string },
) {
  return z
    .string()
    .min(1)
    .max(200)
    .openapi(component, { param: { name, in: 'path' }, description, example })
}

function integerParameter(
  component: string,
  {
    name,
    minimum,
    maximum,
    standard,
    description,
  }: { name: string; minimum: number; maximum: number; standard: number; description: string },
) {
  return z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${minimum} to ${maximum}`)
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum))
    .optional()
    .default(standard)
    .openapi(component, {
      param: { name, in: 'query', required: false },
      type: 'integer',
      minimum,
      maximum,
      default: standard,
      description,
      example: standard,
    })
}

function orderParameter(component: string, standard: 'asc' | 'desc') {
  return z
    .enum(['asc', 'desc'])
    .optional()
    .default(standard)
    .openapi(component, {
      param: { name: 'order', in: 'query', required: false },
      description: standard === 'desc' ? 'Newest first by default' : 'Oldest first by default',
      example: standard,
    })
}
