import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDirectory } from '#tools/directory.ts'
import { createFilesystemToolset } from '#tools/filesystem.ts'
import { openWorkspace } from '#tools/workspace.ts'
import { callTool, temporaryDirectory, toolContext } from './tool-context.ts'

/** A workspace with every kind of way out, beside a directory that must never be reached. */
async function hostileWorkspace() {
  const base = await temporaryDirectory()
  const root = join(base, 'work')
  const outside = join(base, 'work-secrets')
  await mkdir(join(root, 'inside/deep'), { recursive: true })
  await mkdir(join(outside, 'folder'), { recursive: true })
  await writeFile(join(root, 'inside/plain.txt'), 'plain')
  await writeFile(join(outside, 'secret.txt'), 'SECRET')
  await symlink(outside, join(root, 'linked-directory'))
  await symlink(join(outside, 'secret.txt'), join(root, 'linked-file'))
  await symlink('../../work-secrets', join(root, 'inside/relative-link'))
  await symlink('linked-directory', join(root, 'link-to-link'))
  await symlink('loop-b', join(root, 'loop-a'))
  await symlink('loop-a', join(root, 'loop-b'))
  await symlink(join(outside, 'new.txt'), join(root, 'dangling'))
  await symlink(join(outside, 'none/new.txt'), join(root, 'dangling-deep'))
  await symlink('/', join(root, 'slash'))
  await symlink('/proc/self', join(root, 'proc'))
  await symlink('/dev/zero', join(root, 'zero'))
  await symlink('inside', join(root, 'friendly'))
  execFileSync('mkfifo', [join(root, 'pipe')])
  const socket = createServer().listen(join(root, 'socket'))
  onTestFinished(() => void socket.close())
  const toolset = createFilesystemToolset(
    { type: 'filesystem', path: root },
    { baseDirectory: '/' },
  )
  const call = (name: string, args: Record<string, unknown>) => callTool(toolset, name, args)
  return { root, outside, call }
}

const hostilePaths = [
  '..',
  '../work-secrets/secret.txt',
  '../work-secrets',
  'inside/../../work-secrets/secret.txt',
  'inside/../../work-secrets',
  './../work-secrets/secret.txt',
  'inside/deep/../../../work-secrets/secret.txt',
  '/etc/passwd',
  '/',
  '//etc/passwd',
  '/proc/self/environ',
  '/proc/self/cwd/package.json',
  '/dev/zero',
  'linked-directory',
  'linked-directory/secret.txt',
  'linked-directory/folder',
  'linked-directory/new.txt',
  'linked-file',
  'inside/relative-link',
  'inside/relative-link/secret.txt',
  'inside/relative-link/made/new.txt',
  'link-to-link/secret.txt',
  'link-to-link/new.txt',
  'loop-a',
  'loop-a/x',
  'dangling',
  'dangling/x',
  'dangling-deep',
  'slash/etc/passwd',
  'slash/tmp',
  'proc/environ',
  'proc/root/etc/passwd',
  'zero',
  'pipe',
  'socket',
  'pipe/x',
  'inside/plain.txt/x',
  'friendly/../../work-secrets/secret.txt',
  'friendly/relative-link/secret.txt',
  'inside/plain.txt\0.png',
  '\0',
  '../work-secrets/secret.txt\0',
  `${'a'.repeat(300)}/x`,
  'a/'.repeat(3000),
  `${'../'.repeat(50)}etc/passwd`,
]

const named = hostilePaths.map((path) => ({ name: JSON.stringify(path).slice(0, 60), path }))

test.each(named)('nothing outside is read through $name', async ({ path }) => {
  const { call } = await hostileWorkspace()
  const outputs: string[] = []
  for (const tool of ['read_file', 'list_directory', 'directory_tree']) {
    const outcome = await call(tool, { path })
    expect(outcome).toMatchObject({ type: 'result', is_error: true })
    if (outcome.type === 'result') outputs.push(outcome.output)
  }
  const many = await call('read_multiple_files', { paths: [path] })
  const search = await call('search_files_content', { query: 'SECRET', path })
  expect(many).toMatchObject({ is_error: true })
  expect(search).toMatchObject({ is_error: true })
  expect(JSON.stringify([...outputs, many, search])).not.toMatch(/"[^"]*:\d+: SECRET|root:x:/)
  expect(outputs.join('\n')).not.toContain('ENOENT')
})

test.each(named)('nothing outside is written through $name', async ({ path }) => {
  const { outside, call } = await hostileWorkspace()
  const outcomes = [
    await call('write_file', { path, content: 'ESCAPED' }),
    await call('edit_file', { path, edits: [{ old_text: 'SECRET', new_text: 'ESCAPED' }] }),
    await call('remove_directory', { path, recursive: true }),
  ]
  for (const outcome of outcomes) expect(outcome).toMatchObject({ is_error: true })
  await call('create_directory', { path })
  const listing = execFileSync('find', [outside, '-printf', '%P %y\n']).toString()
  expect(listing.trim().split('\n').sort()).toEqual(['d', 'folder d', 'secret.txt f'])
  expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('SECRET')
})

test.each(['..', '/etc/passwd', 'linked-file', 'linked-directory/folder', 'proc/environ'])(
  'the model is told that %s is outside, and how to name a path',
  async (path) => {
    const { call } = await hostileWorkspace()
    for (const outcome of [
      await call('read_file', { path }),
      await call('write_file', { path, content: '' }),
    ]) {
      expect(outcome).toMatchObject({
        output: `The path ${path} is outside the workspace; use a path relative to it, such as notes/today.md.`,
      })
    }
  },
)

test('the way down from the root never goes up', async () => {
  const { root, outside } = await hostileWorkspace()
  await expect(openDirectory({ root, path: outside })).rejects.toThrow('outside the workspace')
})

test('walking and searching follow no link', async () => {
  const { call } = await hostileWorkspace()
  const tree = await call('directory_tree', {})
  const search = await call('search_files_content', { query: 'SECRET' })
  expect(JSON.stringify(tree)).not.toContain('secret.txt')
  expect(search).toMatchObject({ output: 'No line matches.', is_error: false })
})

test('removing a directory removes the links in it and not what they lead to', async () => {
  const { outside, call } = await hostileWorkspace()
  expect(await call('remove_directory', { path: 'inside', recursive: true })).toMatchObject({
    is_error: false,
  })
  expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('SECRET')
})

test('the workspace itself is not removed', async () => {
  const { root, call } = await hostileWorkspace()
  for (const path of ['.', './', root, 'inside/..']) {
    const outcome = await call('remove_directory', { path, recursive: true })
    expect(outcome).toMatchObject({ is_error: true })
  }
})

test('a link that stays inside is followed, and an absolute path inside is fine', async () => {
  const { root, call } = await hostileWorkspace()
  expect(await call('read_file', { path: 'friendly/plain.txt' })).toMatchObject({ output: 'plain' })
  expect(await call('read_file', { path: join(root, 'inside/plain.txt') })).toMatchObject({
    output: 'plain',
  })
  await call('write_file', { path: 'friendly/made.txt', content: 'made' })
  expect(await readFile(join(root, 'inside/made.txt'), 'utf8')).toBe('made')
})

test('a directory with a name that begins like the root is outside', async () => {
  const { outside, call } = await hostileWorkspace()
  expect(await call('read_file', { path: join(outside, 'secret.txt') })).toMatchObject({
    is_error: true,
  })
})

test('a directory that is swapped for a link while it is open leads nowhere else', async () => {
  const { root, outside } = await hostileWorkspace()
  const workspace = await openWorkspace(root)
  const { directory, name } = await workspace.openParent('inside/deep/new.txt', {
    create: false,
    refuse: () => null,
  })
  await rename(join(root, 'inside/deep'), join(root, 'moved'))
  await symlink(outside, join(root, 'inside/deep'))
  await writeFile(directory.at(name), 'stays inside')
  await directory.close()
  expect(await readFile(join(root, 'moved/new.txt'), 'utf8')).toBe('stays inside')
})

test('reads and writes that race with a swap of a directory and a link never get out', async () => {
  const { root, outside, call } = await hostileWorkspace()
  let isOver = false
  const swapping = (async () => {
    // A call may make the directory anew in between, so no step can be sure to work.
    while (!isOver) {
      await rename(join(root, 'inside'), join(root, 'aside')).catch(() => {})
      await symlink(outside, join(root, 'inside')).catch(() => {})
      await rm(join(root, 'inside'), { recursive: true }).catch(() => {})
      await rename(join(root, 'aside'), join(root, 'inside')).catch(() => {})
      // Long enough as it should be that some calls come through.
      for (let turn = 0; turn < 20; turn += 1) await stat(root)
    }
  })()
  const outputs: unknown[] = []
  for (let trial = 0; trial < 200; trial += 1) {
    outputs.push(await call('read_file', { path: 'inside/secret.txt' }))
    outputs.push(await call('write_file', { path: 'inside/mine.txt', content: 'mine' }))
    outputs.push(await call('create_directory', { path: 'inside/made' }))
  }
  isOver = true
  await swapping
  expect(execFileSync('ls', [outside]).toString()).toBe('folder\nsecret.txt\n')
  expect(JSON.stringify(outputs)).not.toContain('SECRET')
  expect(JSON.stringify(outputs)).toContain('inside/mine.txt was')
})

test('two dots after a link are taken by the text of the path, not by where the link leads', async () => {
  const { root, outside, call } = await hostileWorkspace()
  await call('write_file', { path: 'linked-directory/../secret.txt', content: 'mine' })
  expect(await readFile(join(root, 'secret.txt'), 'utf8')).toBe('mine')
  expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('SECRET')
})

test('without a directory the tools say how to set one', async () => {
  const toolset = createFilesystemToolset({ type: 'filesystem' }, { baseDirectory: '/' })
  expect(await callTool(toolset, 'list_directory', {})).toMatchObject({
    is_error: true,
    output: expect.stringContaining('working_dir'),
  })
})

test('without a path in the entry the working directory of the session is the root', async () => {
  const { root } = await hostileWorkspace()
  const toolset = createFilesystemToolset({ type: 'filesystem' }, { baseDirectory: '/' })
  const context = toolContext({ workingDir: root })
  const outcome = await callTool(toolset, 'read_file', { path: 'inside/plain.txt' }, context)
  expect(outcome).toMatchObject({ output: 'plain', is_error: false })
})
