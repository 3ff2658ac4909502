import { chmod, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ToolResult } from '#contract/tool.ts'
import { createFilesystemToolset } from '#tools/filesystem.ts'
import { callTool, temporaryDirectory, toolContext } from './tool-context.ts'

async function workspace(config: Record<string, unknown> = {}) {
  const root = await temporaryDirectory()
  const toolset = createFilesystemToolset(
    { type: 'filesystem', path: '.', ...config },
    { baseDirectory: root },
  )
  async function call(name: string, args: Record<string, unknown> = {}, callId?: string) {
    const outcome = await callTool(toolset, name, args, toolContext(callId ? { callId } : {}))
    if (outcome.type !== 'result') throw new Error('A filesystem tool asked the user.')
    const { type: _, ...result } = outcome
    return result
  }
  const put = async (path: string, content: string | Uint8Array) => {
    await mkdir(join(root, path, '..'), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return { root, toolset, call, put }
}

function ok(output: string): ToolResult {
  return { output, is_error: false }
}

test('a file is read whole, or from a line on for some lines', async () => {
  const { call, put } = await workspace()
  await put('a.txt', 'one\ntwo\nthree\nfour\n')
  expect(await call('read_file', { path: 'a.txt' })).toEqual(ok('one\ntwo\nthree\nfour\n'))
  expect(await call('read_file', { path: 'a.txt', offset: 2, limit: 2 })).toEqual(
    ok('two\nthree\n[lines 2 to 3; go on with offset 4]'),
  )
  expect(await call('read_file', { path: 'a.txt', offset: 3, limit: 2 })).toEqual(
    ok('three\nfour\n'),
  )
  expect(await call('read_file', { path: 'a.txt', offset: 9 })).toEqual(
    ok('[a.txt ends before line 9]'),
  )
})

test('an empty, a binary and a damaged file are said to be so', async () => {
  const { call, put } = await workspace()
  await put('empty', '')
  await put('image.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2]))
  await put('latin.txt', Buffer.from('caf\xe9', 'latin1'))
  expect(await call('read_file', { path: 'empty' })).toEqual(ok('[the file is empty]'))
  expect(await call('read_file', { path: 'image.png' })).toEqual(
    ok('[image.png is a binary file of 7 bytes; it has no text to show]'),
  )
  expect(await call('read_file', { path: 'latin.txt' })).toEqual(
    ok('caf\uFFFD\n[some bytes are not valid text; \uFFFD stands for them]'),
  )
})

test('UTF-16 with a byte order mark is read as text', async () => {
  const { call, put } = await workspace()
  await put('wide.txt', Buffer.from('\uFEFFgrüße\n', 'utf16le'))
  expect(await call('read_file', { path: 'wide.txt' })).toEqual(ok('grüße\n'))
})

test('a character that lies across two pieces of a large file stays whole', async () => {
  const { call, put } = await workspace()
  const line = `${'x'.repeat(63)}\n`
  await put('large.txt', `${line.repeat(1023)}${'x'.repeat(63)}é and more\n`)
  const result = await call('read_file', { path: 'large.txt', offset: 1024 })
  expect(result).toEqual(ok(`${'x'.repeat(63)}é and more\n`))
})

test('a file of a gigabyte is read in parts without loading it', async () => {
  const { root, call } = await workspace()
  const handle = await open(join(root, 'huge.txt'), 'w')
  await handle.write('first\n')
  await handle.write(`second\n${'y'.repeat(70_000)}\n`, 6)
  await handle.truncate(2 ** 30)
  await handle.close()
  const before = process.memoryUsage().arrayBuffers
  const start = await call('read_file', { path: 'huge.txt', limit: 2 })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20)
  expect(start.output).toBe('first\nsecond\n[lines 1 to 2; go on with offset 3]')
  const long = await call('read_file', { path: 'huge.txt', offset: 3, limit: 1 })
  expect(long.output.length).toBeLessThan(66_000)
  expect(long.output).toContain('[line 3 is too long and was cut; go on with offset 4]')
})

test('several files come together, and one that fails does not stop the others', async () => {
  const { call, put } = await workspace()
  await put('a', 'A')
  expect(await call('read_multiple_files', { paths: ['a', 'none'] })).toEqual(
    ok(
      '=== a ===\nA\n\n=== none ===\n[failed: none does not exist; list the directory to see what does.]',
    ),
  )
})

test('listings leave out .git and what .gitignore names, unless they should not', async () => {
  const files = ['.git/config', '.gitignore', 'a.log', 'keep.log', 'src/a.ts', 'src/tmp/x', 'out/b']
  const ignore = '*.log\n!keep.log\n/out/\nsrc/tmp\n'
  const { call, put } = await workspace()
  for (const path of files) await put(path, path === '.gitignore' ? ignore : 'text')
  expect(await call('directory_tree')).toEqual(ok('.gitignore\nkeep.log\nsrc/\n  a.ts'))
  expect((await call('list_directory')).output).toBe(
    '.gitignore (30 bytes)\nkeep.log (4 bytes)\nsrc/',
  )
  expect((await call('list_directory', { path: 'src' })).output).toBe('a.ts (4 bytes)')

  const all = await workspace({ ignore_vcs: false })
  for (const path of files) await all.put(path, path === '.gitignore' ? ignore : 'text')
  expect((await all.call('directory_tree', { depth: 1 })).output).toBe(
    '.git/\n.gitignore\na.log\nkeep.log\nout/\nsrc/',
  )
})

test('a listing that is too long is cut and says so', async () => {
  const { call, put } = await workspace()
  for (let index = 0; index < 1005; index += 1) await put(`f${index}`, '')
  const lines = (await call('list_directory')).output.split('\n')
  expect(lines).toHaveLength(1001)
  expect(lines.at(-1)).toBe('[more than 1000 entries; ask for a directory further down]')
})

test('a search finds lines literally, or by a glob, in the files that are asked for', async () => {
  const { call, put } = await workspace()
  await put('a.ts', 'const a = 1\nlet (b) = a.*\n')
  await put('docs/b.md', 'const in prose\r\n')
  await put('c.bin', Buffer.from([0, ...Buffer.from('const')]))
  expect(await call('search_files_content', { query: 'const' })).toEqual(
    ok('a.ts:1: const a = 1\ndocs/b.md:1: const in prose'),
  )
  expect((await call('search_files_content', { query: 'a.*' })).output).toBe(
    'a.ts:2: let (b) = a.*',
  )
  expect((await call('search_files_content', { query: 'c*t ?n', glob: true })).output).toBe(
    'docs/b.md:1: const in prose',
  )
  expect((await call('search_files_content', { query: 'const', files: '*.md' })).output).toBe(
    'docs/b.md:1: const in prose',
  )
  expect((await call('search_files_content', { query: 'x', is_regex: true })).output).toBe(
    'is_regex: is not known here; known: query, path, files, glob',
  )
})

test('writing makes directories, replaces the whole file and keeps its mode', async () => {
  const { root, call } = await workspace()
  expect(await call('write_file', { path: 'a/b/c.sh', content: 'first' })).toEqual(
    ok('a/b/c.sh was created: 5 bytes.'),
  )
  await chmod(join(root, 'a/b/c.sh'), 0o750)
  expect((await call('write_file', { path: 'a/b/c.sh', content: 'é' })).output).toBe(
    'a/b/c.sh was replaced: 2 bytes.',
  )
  expect(await readFile(join(root, 'a/b/c.sh'), 'utf8')).toBe('é')
  expect((await stat(join(root, 'a/b/c.sh'))).mode & 0o777).toBe(0o750)
  expect(await readdir(join(root, 'a/b'))).toEqual(['c.sh'])
})

test('what is in .git is not written', async () => {
  const { call, put } = await workspace()
  await put('.git/config', '')
  for (const path of ['.git/hooks/pre-commit', '.GIT/config', 'sub/.git/config']) {
    const result = await call('write_file', { path, content: 'x' })
    expect(result).toMatchObject({ is_error: true, output: expect.stringContaining('.git') })
  }
})

test('edits are made one after the other, all or none', async () => {
  const { root, call, put } = await workspace()
  await put('a.txt', 'one\ntwo\nthree\n')
  const edits = [
    { old_text: 'one', new_text: '1' },
    { old_text: '1\ntwo', new_text: '1\n2' },
  ]
  expect(await call('edit_file', { path: 'a.txt', edits })).toEqual(
    ok('a.txt was edited at lines 1, 1.'),
  )
  const broken = [
    { old_text: 'three', new_text: '3' },
    { old_text: 'four', new_text: '4' },
  ]
  expect((await call('edit_file', { path: 'a.txt', edits: broken })).is_error).toBe(true)
  expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('1\n2\nthree\n')
})

test('an edit that fits nowhere names the closest line; one that fits twice names both', async () => {
  const { call, put } = await workspace()
  await put('a.ts', 'function first() {}\n\nfunction second(value) {}\nreturn\nreturn\n')
  const miss = { old_text: 'function  second(values) {}', new_text: 'x' }
  expect((await call('edit_file', { path: 'a.ts', edits: [miss] })).output).toBe(
    'edits[0]: old_text is not in the file. The closest line is 3: "function second(value) {}". Copy it exactly, with its spaces. Nothing was written.',
  )
  const twice = { old_text: 'return', new_text: 'x' }
  expect((await call('edit_file', { path: 'a.ts', edits: [twice] })).output).toBe(
    'edits[0]: old_text is in the file more than once (lines 4 and 5); add lines around it until it is unique. Nothing was written.',
  )
})

test('edits keep Windows line endings and a byte order mark', async () => {
  const { root, call, put } = await workspace()
  await put('a.txt', '\uFEFFone\r\ntwo\r\n')
  await call('edit_file', { path: 'a.txt', edits: [{ old_text: 'one\ntwo', new_text: '1\n2' }] })
  expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('\uFEFF1\r\n2\r\n')
})

test('what is not UTF-8 text is not edited', async () => {
  const { root, call, put } = await workspace()
  await put('latin.txt', Buffer.from('caf\xe9', 'latin1'))
  const edits = [{ old_text: 'caf', new_text: 'tea' }]
  expect((await call('edit_file', { path: 'latin.txt', edits })).is_error).toBe(true)
  expect(await readFile(join(root, 'latin.txt'), 'latin1')).toBe('caf\xe9')
})

test('edits of one file that are called side by side are all kept', async () => {
  const { root, call, put } = await workspace()
  const names = Array.from({ length: 12 }, (_, index) => `<${index}>`)
  await put('a.txt', names.join('\n'))
  const results = await Promise.all(
    names.map((name) =>
      call('edit_file', { path: 'a.txt', edits: [{ old_text: name, new_text: `${name}!` }] }),
    ),
  )
  expect(results.filter((result) => result.is_error)).toEqual([])
  expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe(names.map((n) => `${n}!`).join('\n'))
})

test('directories are made with those above, and removed with contents only when asked', async () => {
  const { root, call, put } = await workspace()
  expect((await call('create_directory', { path: 'a/b' })).output).toContain('was created')
  expect(await call('create_directory', { path: 'a/b' })).toEqual(
    ok('The directory a/b exists already.'),
  )
  await put('a/b/c/file', 'x')
  expect((await call('remove_directory', { path: 'a' })).output).toContain('is not empty')
  expect((await call('remove_directory', { path: 'a/b/c/file' })).output).toContain(
    'is not a directory',
  )
  expect(await call('remove_directory', { path: 'a', recursive: true })).toEqual(
    ok('The directory a was removed.'),
  )
  expect(await readdir(root)).toEqual([])
})

test('read_only and tools decide which tools there are', async () => {
  const names = async (config: Record<string, unknown>) => {
    const { toolset } = await workspace(config)
    return (await toolset.tools(toolContext())).map((tool) => tool.definition.name)
  }
  expect(await names({ read_only: true })).toEqual([
    'read_file',
    'read_multiple_files',
    'list_directory',
    'directory_tree',
    'search_files_content',
  ])
  expect(await names({ tools: ['write_file'] })).toEqual(['write_file'])
  await expect(names({ tools: ['format_disk'] })).rejects.toThrow('there is no format_disk')
  await expect(names({ pth: 'x' })).rejects.toThrow('toolset filesystem')
})

test('every tool declares its effect, its annotations and a strict schema', async () => {
  const { toolset } = await workspace()
  const tools = await toolset.tools(toolContext())
  const effects = tools.map(({ definition }) => [definition.name, definition.effect])
  expect(Object.fromEntries(effects)).toEqual({
    read_file: 'read',
    read_multiple_files: 'read',
    list_directory: 'read',
    directory_tree: 'read',
    search_files_content: 'read',
    write_file: 'idempotent',
    edit_file: 'once',
    create_directory: 'idempotent',
    remove_directory: 'once',
  })
  for (const { definition } of tools) {
    expect(definition.parameters).toMatchObject({ type: 'object', additionalProperties: false })
    expect(definition.annotations.read_only).toBe(definition.effect === 'read')
  }
})

test('a cancelled call stops', async () => {
  const { toolset, put } = await workspace()
  await put('a', 'x')
  const context = toolContext({ signal: AbortSignal.abort(new Error('cancelled')) })
  for (const [name, args] of [
    ['read_file', { path: 'a' }],
    ['directory_tree', {}],
    ['search_files_content', { query: 'x' }],
  ] as const) {
    expect(await callTool(toolset, name, args, context)).toMatchObject({ output: 'cancelled' })
  }
})
