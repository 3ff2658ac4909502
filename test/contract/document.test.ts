import { expect, test } from 'vitest'
import { createDocument } from '#contract/document.ts'
import { operations } from '#contract/operations.ts'

type Schema = { $ref?: string; description?: string; example?: unknown } & Record<string, unknown>
type Components = Record<string, Record<string, Schema & { properties?: Record<string, Schema> }>>

const document = createDocument({ version: '1.2.3' })
const {
  schemas = {},
  parameters = {},
  responses = {},
  headers = {},
} = document.components as unknown as Components
const text = JSON.stringify(document)

test('every operation stands in the document under its own name', () => {
  const ids = Object.values(document.paths ?? {}).flatMap((path) =>
    Object.values(path).map((operation) => (operation as { operationId: string }).operationId),
  )
  expect(ids.sort()).toEqual(Object.keys(operations).sort())
  for (const [id, { operationId }] of Object.entries(operations)) expect(operationId).toBe(id)
})

test('the document says what an archive receives', () => {
  const { webhooks = {} } = document as { webhooks?: Record<string, unknown> }
  expect(webhooks).toMatchObject({
    turnFinished: {
      post: {
        requestBody: {
          content: {
            'application/json': { schema: { $ref: '#/components/schemas/FinishedTurn' } },
          },
        },
      },
    },
  })
})

test('every component is described', () => {
  const all = { ...schemas, ...parameters, ...responses, ...headers }
  const bare = Object.entries(all).filter(([, { description }]) => !description)
  // The agent file is published as a schema of its own, with a description on every field.
  expect(bare.map(([name]) => name).filter((name) => !/Toolset|Spec$/.test(name))).toEqual([])
})

test('every field says what it is', () => {
  const bare = Object.entries(schemas).flatMap(([name, { properties = {} }]) =>
    Object.entries(properties)
      .filter(([, field]) => !isExplained(field))
      .map(([field]) => `${name}.${field}`),
  )
  expect(bare).toEqual([])
})

test('no response, parameter or header is written out at an operation', () => {
  const operationText = JSON.stringify(document.paths)
  expect(operationText).not.toContain('"in":"')
  expect(operationText).not.toContain('"headers":')
  expect(operationText).not.toMatch(/"\d{3}":\{"description"/)
  expect(text).not.toContain('x-component')
})

test('every pattern is one that other programs can read', () => {
  const patterns = [...text.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, pattern = '']) =>
    JSON.parse(pattern),
  )
  expect(patterns.length).toBeGreaterThan(10)
  expect(patterns.filter((pattern) => /\/[dgimsuvy]+$/.test(pattern))).toEqual([])
  for (const pattern of patterns) expect(() => new RegExp(pattern, 'u')).not.toThrow()
})

test('an event stream says what its lines hold, in words of OpenAPI 3.1 only', () => {
  const stream = { $ref: '#/components/schemas/StreamedEvent' }
  expect(responses.RunEventsResponse).toMatchObject({
    content: { 'text/event-stream': { schema: stream } },
  })
  expect(text).not.toContain('"itemSchema"')
})

// Generators make a file of each tag: one for a tag's webhooks would replace the one for its paths.
test('no tag has both paths and webhooks', () => {
  const { paths, webhooks } = JSON.parse(text)
  const tagsOf = (items: Record<string, Record<string, { tags: string[] }>>) =>
    Object.values(items).flatMap((item) => Object.values(item).flatMap(({ tags }) => tags))
  const sent = tagsOf(webhooks)
  expect(sent.length).toBeGreaterThan(0)
  expect(tagsOf(paths).filter((tag) => sent.includes(tag))).toEqual([])
})

test('an event is told from another by its type', () => {
  const { discriminator, oneOf } = schemas.RuntimeEvent as Schema & {
    discriminator: { propertyName: string; mapping: Record<string, string> }
    oneOf: Schema[]
  }
  expect(discriminator.propertyName).toBe('type')
  expect(Object.values(discriminator.mapping).sort()).toEqual(oneOf.map(({ $ref }) => $ref).sort())
})

test('a value that may be null can be null', () => {
  expect(schemas.Run?.properties?.error).toEqual({
    anyOf: [{ $ref: '#/components/schemas/RunError' }, { type: 'null' }],
  })
})

test('requests are strict', () => {
  for (const name of ['NewSession', 'RunRequest', 'ChatRequest', 'ResumeRequest', 'NewMessage']) {
    expect(schemas[name]).toMatchObject({ additionalProperties: false })
  }
})

/** By itself, or by the component or the closed set of values that it names. */
function isExplained(field: Schema): boolean {
  return (
    Boolean(field.description ?? field.$ref ?? field.const ?? field.enum) ||
    field.example !== undefined ||
    field.anyOf !== undefined ||
    field.allOf !== undefined ||
    isExplainedList(field)
  )
}

function isExplainedList({ type, items }: Schema): boolean {
  return type === 'array' && items !== undefined
}
