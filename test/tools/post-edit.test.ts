import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createFilesystemToolset } from '#tools/filesystem.ts'
import { withPostEdit } from '#tools/post-edit.ts'
import { callTool, temporaryDirectory, toolContext } from './tool-context.ts'

const shout = { path: '*.txt', cmd: 'tr a-z A-Z <"$path" >tmp && mv tmp "$path"' }

async function folder(post_edit: object[], { enabled = true, allowStdio = true } = {}) {
  const root = await temporaryDirectory()
  const factory = withPostEdit(createFilesystemToolset, { enabled, environment: process.env })
  const config = { type: 'filesystem', path: '.', post_edit }
  const toolset = factory(config, { baseDirectory: root, allowStdio })
  async function call(name: string, args: Record<string, unknown>) {
    const outcome = await callTool(toolset, name, args)
    if (outcome.type !== 'result') throw new Error('no result')
    return outcome
  }
  return { toolset, call, read: (path: string) => readFile(join(root, path), 'utf8') }
}

test('a command runs after a file that it is for was written or edited', async () => {
  const { call, read } = await folder([shout])
  expect(await call('write_file', { path: 'deep/it s.txt', content: 'one two' })).toMatchObject({
    is_error: false,
  })
  expect(await read('deep/it s.txt')).toBe('ONE TWO')
  const edits = [{ old_text: 'TWO', new_text: 'three' }]
  await call('edit_file', { path: 'deep/it s.txt', edits })
  expect(await read('deep/it s.txt')).toBe('ONE THREE')
  await call('write_file', { path: 'a.md', content: 'as it is' })
  expect(await read('a.md')).toBe('as it is')
})

test('edits of one answer wait for the commands of each other', async () => {
  const { call, read } = await folder([shout])
  await call('write_file', { path: 'a.txt', content: 'a b c' })
  const edit = (letter: string) =>
    call('edit_file', { path: 'a.txt', edits: [{ old_text: letter, new_text: `${letter}x` }] })
  const outcomes = await Promise.all([edit('A'), edit('B'), edit('C')])
  expect(outcomes.map(({ is_error }) => is_error)).toEqual([false, false, false])
  expect(await read('a.txt')).toBe('AX BX CX')
})

test('a command that fails is told beside what was written', async () => {
  const { call, read } = await folder([{ path: '**/*.txt', cmd: 'echo wrong >&2; exit 3' }])
  const { output, is_error } = await call('write_file', { path: 'a.txt', content: 'x' })
  expect(is_error).toBe(false)
  expect(output).toContain('[after it, echo wrong >&2; exit 3: wrong\n[exit code 3]]')
  expect(await read('a.txt')).toBe('x')
})

test('without --enable-shell the file is written and the command is said not to have run', async () => {
  const { call, read } = await folder([shout], { enabled: false })
  const { output } = await call('write_file', { path: 'a.txt', content: 'x' })
  expect(output).toContain('start the server with --enable-shell')
  expect(await read('a.txt')).toBe('x')
})

test('a write with a command may not be repeated after a crash; other tools stay as they are', async () => {
  const { toolset } = await folder([shout])
  const tools = await toolset.tools(toolContext())
  const effects = Object.fromEntries(tools.map(({ definition: d }) => [d.name, d.effect]))
  expect(effects).toMatchObject({ write_file: 'once', edit_file: 'once', read_file: 'read' })
})

test('an agent that the operator did not name runs no commands', async () => {
  await expect(folder([shout], { allowStdio: false })).rejects.toThrow('post_edit runs only for')
})
