import { execFile } from 'node:child_process'
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { buildClient } from '../../tools/client/build-client.ts'
import { startServerProcess } from '../support/process.ts'
import { sampleLog } from './sample-log.ts'
import { startStreamServer } from './stream-server.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const log = sampleLog()
let project: string

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'parley-client-'))
  const built = join(project, 'built')
  await buildClient({ folder: built })
  await run('npm', ['pack', '--silent', '--pack-destination', project], { cwd: built })
  await install(await tarball())
}, 60_000)

afterAll(() => rm(project, { recursive: true, force: true }))

test('the tarball holds the module, its types and how to use it, and needs two packages', async () => {
  const folder = join(project, 'node_modules/parley-client')
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  expect(Object.keys(manifest.dependencies)).toEqual(['eventsource-parser', 'openapi-fetch'])
  const files = await readdir(folder)
  expect(files).toEqual(expect.arrayContaining(['README.md', 'index.d.ts', 'index.js', 'api.d.ts']))
  for (const file of files.filter((name) => name.endsWith('.js') || name.endsWith('.d.ts'))) {
    const text = await readFile(join(folder, file), 'utf8')
    expect(text, file).not.toMatch(/from '(node:|#|\.\.\/)|\.ts'|NodeJS|reference types/)
  }
})

test('plain JavaScript follows a run that is cut on the way', async () => {
  const server = await startStreamServer({ log, faults: [{ type: 'cut', bytes: 900 }] })
  await writeFile(join(project, 'follow.js'), consumer)
  const { stdout } = await run(process.execPath, ['follow.js', server.baseUrl], { cwd: project })
  await server.close()
  expect(stdout.trim().split('\n').map(Number)).toEqual(log.map(({ seq }) => seq))
  expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
})

test('a strict TypeScript project without Node types compiles against it', async () => {
  await writeFile(join(project, 'page.ts'), page)
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(viteProject))
  const { stdout } = await compile()
  expect(stdout).toBe('')
}, 60_000)

test('a wrong use does not compile', async () => {
  await writeFile(join(project, 'page.ts'), page.replace("'assistant'", '7'))
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(viteProject))
  await expect(compile()).rejects.toMatchObject({
    stdout: expect.stringContaining("'number' is not assignable to type 'string'"),
  })
}, 60_000)

test('it resolves in Node’s own way as well', async () => {
  const compilerOptions = {
    ...viteProject.compilerOptions,
    module: 'nodenext',
    moduleResolution: 'nodenext',
  }
  await writeFile(join(project, 'page.ts'), page)
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({ ...viteProject, compilerOptions }),
  )
  const { stdout } = await compile()
  expect(stdout).toBe('')
}, 60_000)

test('the pages among the examples compile against it', async () => {
  const examples = join(root, 'examples/clients')
  await cp(join(examples, 'vite/src'), join(project, 'vite'), { recursive: true })
  await cp(join(examples, 'next/app'), join(project, 'next'), { recursive: true })
  const { compilerOptions } = JSON.parse(
    await readFile(join(examples, 'vite/tsconfig.json'), 'utf8'),
  )
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { ...compilerOptions, types: ['node'], skipLibCheck: true },
      include: ['vite', 'next'],
    }),
  )
  const { stdout } = await compile().catch((failure: { stdout: string }) => failure)
  expect(stdout).toBe('')
}, 60_000)

test('the script among the examples has a file written that it was asked about', async () => {
  const directory = join(project, 'served')
  await cp(join(root, 'examples/assistant.yaml'), join(directory, 'assistant.yaml'))
  await mkdir(join(directory, 'workspace'))
  const flags = [join(directory, 'assistant.yaml'), '--data-dir', join(directory, 'data')]
  const server = await startServerProcess({ home: { flags, directory } })
  onTestFinished(() => server.kill())
  await copyFile(
    join(root, 'examples/clients/node/conversation.js'),
    join(project, 'conversation.js'),
  )
  const said = run(process.execPath, ['conversation.js', server.url], { cwd: project })
  said.child.stdin?.end('y\n')
  const { stdout } = await said
  expect(stdout).toContain('May it call write_file')
  expect(stdout).toContain('[write_file: succeeded]')
  expect(await readFile(join(directory, 'workspace/hello.txt'), 'utf8')).toContain('Hello')
}, 60_000)

const consumer = `
import { createClient, runAgent } from 'parley-client'
const client = createClient({ baseUrl: process.argv[2] })
const messages = [{ role: 'user', content: 'Hello!' }]
for await (const event of runAgent(client, { session: 'ses_1', agent: 'assistant', messages })) {
  console.log(event.seq)
}
`

const page = `
import { applyEvent, createClient, emptyConversation, runAgent, type RuntimeEvent } from 'parley-client'
const client = createClient({ baseUrl: '', headers: { authorization: 'Bearer x' } })
let conversation = emptyConversation
export async function ask(session: string, signal: AbortSignal): Promise<string> {
  const { data } = await client.GET('/api/sessions/{session}', { params: { path: { session } } })
  const messages = [{ role: 'user' as const, content: data.title ?? '' }]
  for await (const event of runAgent(client, { session, agent: 'assistant', messages, signal })) {
    conversation = applyEvent(conversation, event)
    console.log(textOf(event))
  }
  return conversation.messages.at(-1)?.content ?? ''
}
function textOf(event: RuntimeEvent): string {
  switch (event.type) {
    case 'agent_choice':
      return event.content
    case 'error':
      return event.error
    default:
      return ''
  }
}
`

const viteProject = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    types: [],
    strict: true,
    noEmit: true,
  },
  files: ['page.ts'],
}

function compile() {
  return run(join(root, 'node_modules/.bin/tsc'), ['-p', project], { cwd: project })
}

async function tarball(): Promise<string> {
  const [name] = (await readdir(project)).filter((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('npm pack made no tarball')
  return join(project, name)
}

const dependencies = ['eventsource-parser', 'openapi-fetch', 'openapi-typescript-helpers']
const ofTheExamples = ['react', 'react-dom', '@types/react', '@types/react-dom', '@types/node']

/** What npm does, without a registry: the tarball unpacked, its dependencies beside it. */
async function install(file: string): Promise<void> {
  const modules = join(project, 'node_modules')
  await mkdir(modules)
  await run('tar', ['-xzf', file, '-C', project])
  await cp(join(project, 'package'), join(modules, 'parley-client'), { recursive: true })
  await mkdir(join(modules, '@types'))
  for (const name of [...dependencies, ...ofTheExamples]) {
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
}
