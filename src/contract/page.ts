import { z } from '@hono/zod-openapi'

/** A page of a list that grows. */
export function pageOf<Row extends z.ZodType>(row: Row, name: string) {
  return z
    .object({
      data: z.array(row),
      next_cursor: z
        .string()
        .nullable()
        .openapi({ description: 'Asks for the next page; null on the last', example: null }),
    })
    .openapi(name, { description: 'One page, stable while rows are added' })
}
