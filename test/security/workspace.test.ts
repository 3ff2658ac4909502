import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { link, mkdir, readFile, realpath, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readPromptFile } from '#runtime/prompt-file.ts'
import type { ToolsetFactory } from '#runtime/tool.ts'
import { createBackgroundJobs } from '#tools/background-jobs.ts'
import { createFilesystemToolset } from '#tools/filesystem.ts'
import { createGuardedFetch } from '#tools/guarded-fetch.ts'
import { createOpenApiToolset } from '#tools/openapi.ts'
import { createScriptToolset } from '#tools/script.ts'
import { createShellToolset } from '#tools/shell.ts'
import { createLogger } from '../../src/log.ts'
import { resolveWorkingDir } from '../../src/working-dir.ts'
import { callTool, temporaryDirectory, toolContext } from '../tools/tool-context.ts'
import corpus from './workspace/paths.json' with { type: 'json' }

/** What JSON cannot hold stands here. */
const templates = [...Object.values(corpus).flat(), '\ud800', 'inside/\udfff']
/** What is outside; it stands in no answer, whatever was asked. */
const secret = 'SECRET-OUTSIDE'
const environment = { PATH: process.env.PATH }
const log = createLogger({ level: 'error', write: () => {}, now: () => new Date() })

/** A workspace with every way out that a file system has, beside what must not be reached. */
async function hostileWorkspace() {
  const base = await realpath(await temporaryDirectory())
  const root = join(base, 'root')
  const outside = join(base, 'secrets')
  await mkdir(join(root, 'inside/deep'), { recursive: true })
  await mkdir(join(outside, 'folder'), { recursive: true })
  await mkdir(`${root}beside`)
  await writeFile(join(`${root}beside`, 'secret.txt'), secret)
  await writeFile(join(root, 'inside/plain.txt'), 'plain')
  await writeFile(join(outside, 'secret.txt'), secret)
  const document = { openapi: '3.1.0', paths: { '/': { get: { summary: secret } } } }
  await writeFile(join(outside, 'openapi.json'), JSON.stringify(document))
  const links = {
    'linked-directory': outside,
    'linked-file': join(outside, 'secret.txt'),
    'linked-openapi': join(outside, 'openapi.json'),
    'inside/relative-link': '../../secrets',
    'inside/deep/up': '../../../secrets',
    'link-to-link': 'linked-directory',
    'dots-link': 'inside/../../secrets',
    'loop-a': 'loop-b',
    'loop-b': 'loop-a',
    self: 'self',
    dangling: join(outside, 'new.txt'),
    'dangling-deep': join(outside, 'none/new.txt'),
    slash: '/',
    proc: '/proc/self',
    'fd-link': '/proc/self/fd',
    'own-fd': `/proc/${process.pid}/fd/${openOutside(outside)}`,
    zero: '/dev/zero',
    null: '/dev/null',
    random: '/dev/random',
    stdin: '/dev/stdin',
    friendly: 'inside',
    ...Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `chain-${index}`,
        index === 0 ? outside : `chain-${index - 1}`,
      ]),
    ),
    'long-chain': 'chain-29',
  }
  for (const [name, target] of Object.entries(links)) await symlink(target, join(root, name))
  execFileSync('mkfifo', [join(root, 'pipe')])
  const socket = createServer().listen(join(root, 'socket'))
  onTestFinished(() => void socket.close())
  const before = contentsOf(base)
  return {
    root,
    outside,
    paths: templates.map((path) => path.replaceAll('ROOT', root).replaceAll('OUTSIDE', outside)),
    /** What stands beside the workspace that did not before. */
    changes: () => contentsOf(base).filter((line) => !before.includes(line)),
  }
}

/** A descriptor of this process that leads out, as a path below /proc names it. */
function openOutside(outside: string): number {
  const descriptor = openSync(join(outside, 'secret.txt'), 'r')
  onTestFinished(() => closeSync(descriptor))
  return descriptor
}

/** Names, kinds, sizes and times of change of everything beside the workspace. */
function contentsOf(base: string): string[] {
  const args = [base, '-path', join(base, 'root'), '-prune', '-o', '-printf', '%P %y %s %T@\n']
  const listing = execFileSync('find', args).toString().trim().split('\n')
  // The directory that holds all changes with the workspace's own entries only.
  return listing.filter((line) => !line.startsWith(' '))
}

const reading = ['read_file', 'list_directory', 'directory_tree', 'search_files_content']
const writing = ['write_file', 'edit_file', 'create_directory', 'remove_directory']
const argumentsOf: Record<string, Record<string, unknown>> = {
  search_files_content: { query: 'SECRET' },
  write_file: { content: 'ESCAPED' },
  edit_file: { edits: [{ old_text: 'SECRET', new_text: 'ESCAPED' }] },
  remove_directory: { recursive: true },
}

test.each([...reading, 'read_multiple_files', ...writing])(
  `${templates.length} hostile paths show and change nothing outside: %s`,
  async (tool) => {
    const { root, paths, changes } = await hostileWorkspace()
    const toolset = createFilesystemToolset(
      { type: 'filesystem', path: root },
      { baseDirectory: '/', allowStdio: true },
    )
    const shown: string[] = []
    for (const path of paths) {
      const where = tool === 'read_multiple_files' ? { paths: [path] } : { path }
      const outcome = await callTool(toolset, tool, { ...where, ...argumentsOf[tool] })
      // A search repeats what was searched for only in lines that it found.
      const text = JSON.stringify(outcome)
      if (/SECRET-OUTSIDE|root:x:0/.test(text)) shown.push(path)
    }
    expect(shown).toEqual([])
    expect(changes()).toEqual([])
  },
  30_000,
)

test('no hostile path becomes the working directory of a session', async () => {
  const { root, paths } = await hostileWorkspace()
  const taken = paths.flatMap((path) => {
    try {
      return [resolveWorkingDir(root, path)]
    } catch {
      return []
    }
  })
  expect(taken.filter((path) => path !== root && !path.startsWith(`${root}/`))).toEqual([])
})

test('no hostile path is a place for commands', async () => {
  const { root, paths, changes } = await hostileWorkspace()
  const jobs = createBackgroundJobs({ now: Date.now })
  const shell = createShellToolset({ enabled: true, environment, workspace: root, jobs })
  const toolset = shell({ type: 'shell' }, { baseDirectory: root })
  const places: string[] = []
  for (const cwd of paths.filter((path) => path.length <= 4000)) {
    const outcome = await callTool(toolset, 'shell', { cmd: 'pwd', cwd })
    if (outcome.type === 'result' && !outcome.is_error) places.push(outcome.output.trim())
  }
  expect(places.filter((path) => path !== root && !path.startsWith(`${root}/`))).toEqual([])
  expect(changes()).toEqual([])
}, 30_000)

/** What an agent that came over the API may name in its file. */
const placesOfFiles: Record<string, (path: string, root: string) => Promise<unknown>> = {
  'the root of its files': (path, root) =>
    askEach(createFilesystemToolset, { type: 'filesystem', path }, root, {
      read_file: { path: 'secret.txt' },
      list_directory: {},
      write_file: { path: 'escaped.txt', content: 'ESCAPED' },
    }),
  'the directory of a shell': (path, root) => {
    const jobs = createBackgroundJobs({ now: Date.now })
    const factory = createShellToolset({ enabled: true, environment, workspace: root, jobs })
    return askEach(factory, { type: 'shell', path }, root, { shell: { cmd: 'cat secret.txt' } })
  },
  'the directory of a script': (path, root) => {
    const factory = createScriptToolset({ enabled: true, environment })
    const entry = { type: 'script', shell: { show: { cmd: 'cat secret.txt', working_dir: path } } }
    return askEach(factory, entry, root, { show: {} })
  },
  'an OpenAPI document': async (path, root) => {
    const guardedFetch = createGuardedFetch({
      resolve: () => Promise.reject(new Error('no names here')),
      allowHosts: [],
    })
    const factory = createOpenApiToolset({ guardedFetch, environment: {}, now: () => 0, log })
    const toolset = factory({ type: 'openapi', file: path }, { baseDirectory: root })
    return (await toolset.tools(toolContext())).map(({ definition }) => definition)
  },
  'a prompt file': async (path, root) =>
    await readPromptFile(path, { directory: root, within: true }),
}

test.each(Object.entries(placesOfFiles))(
  `${templates.length + 1} hostile paths in an agent of the API lead nowhere: %s`,
  async (_name, visit) => {
    const { root, paths, changes } = await hostileWorkspace()
    const shown: string[] = []
    for (const path of [...paths, 'linked-openapi']) {
      const text = JSON.stringify(await visit(path, root).catch(String))
      if (/SECRET-OUTSIDE|root:x:0/.test(text)) shown.push(path)
    }
    expect(shown).toEqual([])
    expect(changes()).toEqual([])
  },
  30_000,
)

test('the same link is followed in a file of the operator: the corpus can tell', async () => {
  const { root } = await hostileWorkspace()
  const entry = { type: 'filesystem', path: 'linked-directory' }
  const toolset = createFilesystemToolset(entry, { baseDirectory: root, allowStdio: true })
  const outcome = await callTool(toolset, 'read_file', { path: 'secret.txt' })
  expect(outcome).toMatchObject({ output: secret })
})

test('a file that has a second name outside is replaced, not written through', async () => {
  const { root, outside } = await hostileWorkspace()
  await link(join(outside, 'secret.txt'), join(root, 'hard'))
  const toolset = createFilesystemToolset(
    { type: 'filesystem', path: root },
    { baseDirectory: '/', allowStdio: true },
  )
  const edits = [{ old_text: 'SECRET', new_text: 'MINE' }]
  await callTool(toolset, 'edit_file', { path: 'hard', edits })
  await callTool(toolset, 'write_file', { path: 'hard', content: 'mine' })
  expect(await readFile(join(root, 'hard'), 'utf8')).toBe('mine')
  expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe(secret)
})

test('a file that says it has a terabyte takes no memory and no time', async () => {
  const { root } = await hostileWorkspace()
  await writeFile(join(root, 'huge'), '')
  await truncate(join(root, 'huge'), 2 ** 40)
  const toolset = createFilesystemToolset(
    { type: 'filesystem', path: root },
    { baseDirectory: '/', allowStdio: true },
  )
  const before = process.memoryUsage().rss
  for (const tool of [...reading, 'edit_file']) {
    const outcome = await callTool(toolset, tool, { path: 'huge', ...argumentsOf[tool] })
    expect(JSON.stringify(outcome).length).toBeLessThan(1024 * 1024)
  }
  expect(await readPromptFile('huge', { directory: root, within: true })).toHaveLength(2 ** 20)
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024)
})

/** Opens the toolset as an agent of the API gets it, and calls its tools. */
async function askEach(
  factory: ToolsetFactory,
  config: Record<string, unknown>,
  baseDirectory: string,
  calls: Record<string, Record<string, unknown>>,
): Promise<unknown[]> {
  const toolset = factory(config, { baseDirectory })
  const outcomes: unknown[] = []
  for (const [tool, args] of Object.entries(calls)) {
    outcomes.push(await callTool(toolset, tool, args))
  }
  return outcomes
}
