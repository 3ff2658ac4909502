import { createConfig, lintFromString } from '@redocly/openapi-core'
import { expect, onTestFinished, test } from 'vitest'
import { createDialectDocument } from '#http/dialect-document.ts'
import { dialects } from '../../src/dialects.ts'
import { openHouse } from '../http/house.ts'

const each = dialects.map((dialect) => [dialect.name, dialect] as const)
const documentOf = (dialect: (typeof dialects)[number], atRoot = false) =>
  createDialectDocument(dialect, { version: '1.2.3', atRoot })

test.each(each)('every route of %s stands in its document, with who may ask', (_name, dialect) => {
  const { paths, servers } = documentOf(dialect)
  const base = servers[0]?.url.replace(/\/$/, '')
  const written = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => [
      method,
      base + path,
      scopeOf(operation),
    ]),
  )
  const routes = dialect.routes.map(({ method, path, scope, atRoot: ofServer }) => {
    const template = (ofServer ? '' : dialect.mount) + path.replaceAll(/:(\w+)(\{.*?\})?/g, '{$1}')
    return [method, template, { scope, security: scope === 'public' ? [] : [{ bearer: [scope] }] }]
  })
  expect(written.toSorted()).toEqual(routes.toSorted())
})

test.each(each)('the document of %s is a valid one', async (_name, dialect) => {
  const rules = {
    struct: 'error',
    'no-unresolved-refs': 'error',
    'path-parameters-defined': 'error',
    'operation-operationId-unique': 'error',
    'operation-operationId-url-safe': 'error',
    'security-defined': 'error',
  } as const
  const source = JSON.stringify(documentOf(dialect))
  const problems = await lintFromString({ source, config: await createConfig({ rules }) })
  expect(problems.map(({ message }) => message)).toEqual([])
})

test('a refusal stands in the document as the dialect words it', () => {
  const openai = dialects.find(({ name }) => name === 'openai')
  if (!openai) throw new Error('openai is not among the dialects')
  const { responses } = documentOf(openai).components
  expect(responses.Refused401).toMatchObject({
    content: {
      'application/json': {
        examples: { unauthorized: { value: { error: { code: 'invalid_api_key' } } } },
      },
    },
  })
})

test('each document is served beside the dialect, and names the root where it has that', async () => {
  const [atRoot] = dialects.filter(({ port }) => port !== undefined)
  const house = await openHouse({ dialects: [...dialects], ...(atRoot && { atRoot }) })
  onTestFinished(() => house.close())
  for (const dialect of dialects) {
    const response = await fetch(`${house.url}/compat/${dialect.name}/openapi.json`)
    const expected = createDialectDocument(dialect, {
      version: '0.1.0',
      atRoot: dialect === atRoot,
    })
    expect([response.status, await response.json()]).toEqual([200, expected])
  }
})

function scopeOf(operation: object) {
  const { 'x-required-scope': scope, security } = operation as Record<string, unknown>
  return { scope, security }
}
