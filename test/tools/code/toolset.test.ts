import { expect, test } from 'vitest'
import { openCodeRunner } from '#tools/code/code-runner.ts'
import { createCodeToolset } from '#tools/code/code-toolset.ts'
import { toolFromSchemaJson } from '#tools/code/schema-json.ts'
import { createSlots } from '#tools/code/slots.ts'
import { callTool, toolContext } from '../tool-context.ts'

const code = 'export const execute = ({ text }) => text.length'
const schema = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }
const place = { baseDirectory: '/' }

test('a tool of an entry runs without asking, as what it is: harmless', async () => {
  const runner = await openCodeRunner({ isEnabled: true, size: 1 })
  try {
    const toolset = createCodeToolset({ runner })(
      {
        type: 'code',
        timeout: 5,
        javascript: [{ name: 'size', description: 'Counts', code, schema }],
      },
      place,
    )
    const [tool] = await toolset.tools(toolContext())
    expect(tool).toMatchObject({
      definition: {
        name: 'size',
        description: 'Counts',
        parameters: schema,
        effect: 'read',
        annotations: { read_only: true, open_world: false },
      },
      harmless: true,
      timeout: 5000,
    })
    expect(await callTool(toolset, 'size', { text: 'four' })).toMatchObject({ output: '4' })
    expect(await callTool(toolset, 'size', {})).toMatchObject({ is_error: true })
  } finally {
    await runner.close()
  }
})

test('while code is turned off nothing is started, and the reason names the flag', async () => {
  const runner = await openCodeRunner({ isEnabled: false })
  const toolset = createCodeToolset({ runner })(
    { type: 'code', javascript: [{ name: 'size', code }] },
    place,
  )
  await expect(toolset.tools(toolContext())).rejects.toThrow('--enable-code')
  const check = runner.check({ name: 'size', language: 'javascript', code })
  await expect(check).rejects.toMatchObject({ code: 'code_disabled' })
})

test('an entry with a schema that is wrong says where', async () => {
  const runner = await openCodeRunner({ isEnabled: false })
  const broken = { name: 'size', code, schema: { properties: { text: { type: 'text' } } } }
  const config = { type: 'code', javascript: [broken] }
  expect(() => createCodeToolset({ runner })(config, place)).toThrow(
    'tool size: schema_json.properties.text.type: must be one of string, number',
  )
})

const described = { name: 'size', description: 'Counts', parameters: schema }
test.each([
  ['nothing', undefined, { parameters: { type: 'object' } }],
  ['a JSON Schema', schema, { parameters: schema }],
  ['its text', JSON.stringify(schema), { parameters: schema }],
  ['one with no type', { properties: {} }, { parameters: { type: 'object', properties: {} } }],
  [
    'a schema with a property called parameters',
    { type: 'object', properties: { parameters: {} } },
    {
      parameters: { type: 'object', properties: { parameters: {} } },
    },
  ],
  ['a description', described, described],
  ['a function', { type: 'function', ...described, strict: true }, described],
  ['a wrapped function', { type: 'function', function: described }, described],
  [
    'a function without arguments',
    { type: 'function', name: 'now' },
    {
      name: 'now',
      parameters: { type: 'object' },
    },
  ],
])('schema_json may be %s', (_, given, tool) => {
  expect(toolFromSchemaJson(given)).toEqual({ tool })
})

test.each([
  ['text that is no JSON', '{', 'schema_json', 'is no JSON object'],
  ['a list', [], 'schema_json', 'is no JSON object'],
  ['arguments that are no object', { type: 'string' }, 'schema_json.type', 'it must be "object"'],
  [
    'an unknown type',
    { properties: { a: { type: 'text' } } },
    'schema_json.properties.a.type',
    'must be one of',
  ],
  ['required that is no list', { required: 'a' }, 'schema_json.required', 'a list of names'],
  [
    'properties that are no object',
    { properties: [] },
    'schema_json.properties',
    'must be an object',
  ],
  [
    'a property that is no schema',
    { properties: { a: 'string' } },
    'schema_json.properties.a',
    'is no JSON Schema',
  ],
  [
    'a pattern that is none',
    { properties: { a: { pattern: '(' } } },
    'schema_json.properties.a.pattern',
    'regular expression',
  ],
  [
    'parameters that are no schema',
    { type: 'function', parameters: 1 },
    'schema_json.parameters',
    'is no JSON Schema',
  ],
  ['too much', { description: 'x'.repeat(70_000) }, 'schema_json', 'at most 65536'],
])('schema_json may not be %s', (_, given, path, message) => {
  expect(toolFromSchemaJson(given)).toEqual({
    problems: [{ path, message: expect.stringContaining(message) }],
  })
})

test('places are given in order, and a group gets no more than its share', async () => {
  const slots = createSlots({ size: 2, groupSize: 1 })
  const signal = new AbortController().signal
  const order: string[] = []
  const take = async (group: string) => {
    const release = await slots.take(group, signal)
    order.push(group)
    return release
  }
  const releaseA = await take('a')
  const again = take('a')
  const releaseB = await take('b')
  const waiting = take('c')
  releaseB()
  await waiting
  releaseA()
  await again
  expect(order).toEqual(['a', 'b', 'c', 'a'])
})
