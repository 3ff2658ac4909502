import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ScriptToolset } from '#contract/toolset-shell.ts'
import { createScriptToolset } from '#tools/script.ts'
import { callTool, temporaryDirectory, toolContext } from './tool-context.ts'

const environment = { PATH: process.env.PATH, SERVER_KEY: 'never-shown', KEY: 'key-0815-x' }

type Given = Record<string, unknown>

/** Calls the tool of one script; gives its output. */
async function openScript(script: Given) {
  const directory = await realpath(await temporaryDirectory())
  const config = { type: 'script', shell: { tool: script } }
  const factory = createScriptToolset({ enabled: true, environment })
  const toolset = factory(config, { baseDirectory: directory })
  const call = async (args: Given = {}, own = {}) => {
    const outcome = await callTool(toolset, 'tool', args, toolContext(own))
    if (outcome.type !== 'result') throw new Error('a script asks nobody')
    return outcome.output
  }
  return { directory, toolset, call }
}

test('each entry is a tool with its arguments', async () => {
  const { toolset } = await openScript({
    cmd: 'true',
    description: 'Finds a person',
    args: { name: { description: 'Who' }, age: { type: 'integer' }, kind: { enum: ['a', 'b'] } },
    required: ['name'],
  })
  const [tool] = await toolset.tools(toolContext())
  expect(tool?.definition).toMatchObject({
    name: 'tool',
    description: 'Finds a person',
    effect: 'once',
    parameters: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'Who' },
        age: { type: 'integer' },
        kind: { enum: ['a', 'b'] },
      },
      required: ['name'],
      additionalProperties: false,
    },
  })
  expect(tool?.harmless).toBeUndefined()
})

test.each([
  '; echo owned',
  '$(echo owned)',
  '`echo owned`',
  '" && echo owned "',
  "' ; echo owned '",
  '\n echo owned',
  '-n',
  '${PATH}',
])('an argument %j is text and never a command', async (word) => {
  const { call } = await openScript({ cmd: `printf '<%s>' "$word"`, args: { word: {} } })
  expect(await call({ word })).toBe(`<${word}>`)
})

test('arguments of other types come as JSON, and what is not given is not set', async () => {
  const { call } = await openScript({
    cmd: 'echo "$count $list $flag ${other-unset}"',
    args: {
      count: { type: 'number' },
      list: { type: 'array' },
      flag: { type: 'boolean' },
      other: {},
    },
    required: ['count'],
  })
  expect(await call({ count: 3, list: [1, 'a'], flag: true })).toBe('3 [1,"a"] true unset\n')
  expect(await call({ list: [] })).toContain('count')
})

test('without required all arguments are; unknown ones are refused', async () => {
  const { call } = await openScript({ cmd: 'true', args: { one: {}, two: {} } })
  expect(await call({ one: 'x' })).toContain('two')
  expect(await call({ one: 'x', two: 'y', three: 'z' })).toContain('three')
})

test('it runs in its working_dir, else in that of the session, else beside the file', async () => {
  const plain = await openScript({ cmd: 'pwd' })
  expect(await plain.call()).toBe(`${plain.directory}\n`)
  const other = await realpath(await temporaryDirectory())
  expect(await plain.call({}, { workingDir: other })).toBe(`${other}\n`)
  const fixed = await openScript({ cmd: 'pwd; cat note', working_dir: './work' })
  await mkdir(join(fixed.directory, 'work'))
  await writeFile(join(fixed.directory, 'work/note'), 'hi')
  expect(await fixed.call({}, { workingDir: other })).toBe(`${fixed.directory}/work\nhi`)
})

test('it sees its own variables, and their secrets are not shown', async () => {
  const { call } = await openScript({
    cmd: 'echo "$MODE $TOKEN ${SERVER_KEY-none}"',
    env: { MODE: 'fast', TOKEN: '${env.KEY}' },
  })
  expect(await call()).toBe('fast [KEY] none\n')
})

test('an argument that no variable can hold is told', async () => {
  const { call } = await openScript({ cmd: 'true', args: { word: {} } })
  expect(await call({ word: 'x'.repeat(200_000) })).toContain('word is too long')
  expect(await call({ word: 'a\0b' })).toContain('word holds a NUL')
})

test.each(['PATH', 'LD_PRELOAD', 'IFS', 'BASH_ENV', 'a-b', '1x'])(
  'an agent file may not name an argument %s',
  (name) => {
    const entry = { type: 'script', shell: { tool: { cmd: 'true', args: { [name]: {} } } } }
    expect(ScriptToolset.safeParse(entry).success).toBe(false)
  },
)

test('required must name arguments that there are', () => {
  const shell = { tool: { cmd: 'true', args: { a: {} }, required: ['b'] } }
  const { error } = ScriptToolset.safeParse({ type: 'script', shell })
  expect(error?.issues.map(({ path, message }) => [path.join('.'), message])).toEqual([
    ['shell.tool.required', 'required names an argument that is not under args'],
  ])
})
