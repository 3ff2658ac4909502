import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

type Schema = {
  description?: string
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
}

test('every field of the published schema says what it is for, and none is open', async () => {
  const text = await readFile(
    new URL('../../openapi/agent-file.schema.json', import.meta.url),
    'utf8',
  )
  const faults = faultsOf(JSON.parse(text), '')
  expect(faults).toEqual([])
})

function faultsOf(schema: Schema, path: string): string[] {
  const properties = Object.entries(schema.properties ?? {})
  const isOpen = properties.length > 0 && schema.additionalProperties !== false
  const inside = [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
  if (typeof schema.additionalProperties === 'object') inside.push(schema.additionalProperties)
  return [
    ...(isOpen ? [`${path}: open`] : []),
    ...properties.flatMap(([name, property]) => [
      ...(property.description ? [] : [`${path}.${name}: no description`]),
      ...faultsOf(property, `${path}.${name}`),
    ]),
    ...inside.flatMap((part) => (part ? faultsOf(part, path) : [])),
  ]
}
