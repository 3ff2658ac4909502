import { z } from '@hono/zod-openapi'
import { parameters } from './parameter.ts'

/** A body in JSON. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, required: true as const, content: { 'application/json': { schema } } }
}

/** The same where no body means `{}`. */
export function optionalJsonBody<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, required: false as const, content: { 'application/json': { schema } } }
}

/** The headers of an operation that acts: with a key the same request acts once. */
export const actingHeaders = z.object({ 'idempotency-key': parameters.IdempotencyKeyParameter })
