import { serve } from '@hono/node-server'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'

/** A library that lends books, in memory, with the OpenAPI document that its routes make. */
export function createLibrary(): OpenAPIHono {
  const app = new OpenAPIHono()
  const books: Book[] = [
    { id: 1, title: 'Momo', author: 'Michael Ende', lent_to: null },
    { id: 2, title: 'The Hobbit', author: 'J. R. R. Tolkien', lent_to: 'Ada' },
    { id: 3, title: 'Emma', author: 'Jane Austen', lent_to: null },
  ]
  const find = (id: number) => books.find((book) => book.id === id)

  app.openapi(listBooks, (c) => {
    const { q = '', free } = c.req.valid('query')
    const found = books.filter(
      ({ title, author, lent_to }) =>
        `${title} ${author}`.toLowerCase().includes(q.toLowerCase()) &&
        (free !== 'true' || lent_to === null),
    )
    return c.json(found, 200)
  })
  app.openapi(lendBook, (c) => {
    const book = find(c.req.valid('param').id)
    if (!book) return c.json({ message: 'There is no such book' }, 404)
    if (book.lent_to !== null) return c.json({ message: `${book.lent_to} has it` }, 409)
    book.lent_to = c.req.valid('json').name
    return c.json(book, 200)
  })
  app.openapi(returnBook, (c) => {
    const book = find(c.req.valid('param').id)
    if (!book) return c.json({ message: 'There is no such book' }, 404)
    book.lent_to = null
    return c.json(book, 200)
  })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'A small library', version: '1.0.0' },
    servers: [{ url: '/' }],
  })
  return app
}

const Book = z
  .object({
    id: z.int(),
    title: z.string(),
    author: z.string(),
    lent_to: z.union([z.string(), z.null()]).describe('Who has it; null: it is there'),
  })
  .openapi('Book')
type Book = z.infer<typeof Book>

const Fault = z.object({ message: z.string() }).openapi('Fault')
const bookId = z.object({ id: z.coerce.number().int().openapi({ type: 'integer' }) })
const lent = {
  200: { description: 'The book now', content: { 'application/json': { schema: Book } } },
  404: { description: 'No such book', content: { 'application/json': { schema: Fault } } },
  409: { description: 'Somebody has it', content: { 'application/json': { schema: Fault } } },
}

const listBooks = createRoute({
  operationId: 'listBooks',
  method: 'get',
  path: '/books',
  summary: 'Lists books, all or those that fit',
  request: {
    query: z.object({
      q: z.string().optional().describe('Part of the title or the author'),
      free: z.enum(['true', 'false']).optional().describe('Only books that nobody has'),
    }),
  },
  responses: {
    200: { description: 'The books', content: { 'application/json': { schema: z.array(Book) } } },
  },
})

const lendBook = createRoute({
  operationId: 'lendBook',
  method: 'post',
  path: '/books/{id}/loan',
  summary: 'Lends a book to somebody',
  request: {
    params: bookId,
    body: {
      required: true,
      content: { 'application/json': { schema: z.object({ name: z.string().min(1) }) } },
    },
  },
  responses: lent,
})

const returnBook = createRoute({
  operationId: 'returnBook',
  method: 'delete',
  path: '/books/{id}/loan',
  summary: 'Takes a book back',
  request: { params: bookId },
  responses: lent,
})

if (import.meta.main) {
  serve({ fetch: createLibrary().fetch, hostname: '127.0.0.1', port: 8090 }, ({ port }) => {
    process.stdout.write(`A small library at http://127.0.0.1:${port}/openapi.json\n`)
  })
}
