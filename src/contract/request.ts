import type { z } from '@hono/zod-openapi'

/** A body in JSON. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, required: true as const, content: { 'application/json': { schema } } }
}

/** The same where no body means `{}`. */
export function optionalJsonBody<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, required: false as const, content: { 'application/json': { schema } } }
}
