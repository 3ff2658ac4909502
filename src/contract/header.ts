import { z } from '@hono/zod-openapi'

/** Headers of responses, each a component of the document. */
export const responseHeaders = {
  'X-Request-Id': {
    component: 'XRequestId',
    description: "Names the request in logs; the caller's own when that was well formed",
    schema: z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/),
    example: 'req_01k9zq6w0v6m3t8q4x1y2z3a4b',
  },
  Location: {
    component: 'Location',
    description: 'The path of what was made: a session or a run',
    schema: z.string().regex(/^\//),
    example: '/api/runs/run_01k9zq6w0v6m3t8q4x1y2z3a4b',
  },
  'Content-Location': {
    component: 'ContentLocation',
    description: "The path of the run's events",
    schema: z.string().regex(/^\//),
    example: '/api/runs/run_01k9zq6w0v6m3t8q4x1y2z3a4b/events',
  },
  ETag: {
    component: 'ETag',
    description: 'The version; sent back as If-Match it guards a change',
    schema: z.string().regex(/^"[^"]+"$/),
    example: '"9f2c1d7ae0b34c58"',
  },
  'Preference-Applied': {
    component: 'PreferenceApplied',
    description: 'The preference of the Prefer header that was honoured',
    schema: z.literal('respond-async'),
    example: 'respond-async',
  },
  'Cache-Control': {
    component: 'CacheControl',
    description: 'Streams are neither cached nor transformed',
    schema: z.literal('no-cache, no-transform'),
    example: 'no-cache, no-transform',
  },
  'Retry-After': {
    component: 'RetryAfter',
    description: 'Seconds to wait before the next try',
    schema: z.string().regex(/^\d+$/),
    example: '1',
  },
  RateLimit: {
    component: 'RateLimit',
    description:
      'Requests that are left to this caller (r), and seconds until one more is there (t); draft-ietf-httpapi-ratelimit-headers',
    schema: z.string().regex(/^"requests";r=\d+;t=\d+$/),
    example: '"requests";r=119;t=0',
  },
  'RateLimit-Policy': {
    component: 'RateLimitPolicy',
    description:
      'How many requests (q) a caller has in a window of w seconds, and how many at once (burst)',
    schema: z.string().regex(/^"requests";q=\d+;w=60;burst=\d+$/),
    example: '"requests";q=600;w=60;burst=120',
  },
  'WWW-Authenticate': {
    component: 'WWWAuthenticate',
    description: 'How to say who calls',
    schema: z.string().regex(/^Bearer /),
    example: 'Bearer realm="parley"',
  },
  Allow: {
    component: 'Allow',
    description: 'The methods of the path',
    schema: z.string(),
    example: 'GET, HEAD, OPTIONS, POST',
  },
} as const

export type ResponseHeader = keyof typeof responseHeaders
