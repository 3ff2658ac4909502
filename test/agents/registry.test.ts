import { lookup } from 'node:dns/promises'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openCatalog } from '#agents/catalog.ts'
import { AgentFileError } from '#agents/problem.ts'
import { openRegistryAgents } from '#agents/registry-agents.ts'
import { isReference, parseReference } from '#agents/registry-reference.ts'
import { createGuardedFetch } from '#tools/guarded-fetch.ts'
import { push } from '../../src/commands/push.ts'
import { startRegistry, startScriptedRegistry } from '../support/registry.ts'

const agent = (description: string) => `agents: { root: { description: ${description} } }\n`

async function openFolder() {
  const directory = await mkdtemp(join(tmpdir(), 'parley-registry-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))

  async function pushText(reference: string, text: string, environment = {}): Promise<string[]> {
    const lines: string[] = []
    const write = (line: string) => void lines.push(line)
    await writeFile(join(directory, 'team.yaml'), text)
    await push(['team.yaml', reference], { environment, directory, write, writeError: write })
    return lines
  }

  /** As the server opens them; `pull` looks again and waits until it is served. */
  async function serve(reference: string, { environment = {}, isTrusted = false } = {}) {
    const problems: string[] = []
    const onProblem = (line: string) => void problems.push(line)
    const registries = await openRegistryAgents({
      references: [reference],
      cacheDirectory: join(directory, 'registry'),
      baseDirectory: directory,
      rules: isTrusted ? null : { allowHosts: [], shell: false },
      insecureRegistries: [],
      environment,
      pullInterval: null,
      fetch: createGuardedFetch({
        resolve: (hostname) => lookup(hostname, { all: true }),
        allowHosts: ['127.0.0.1'],
      }),
      onProblem,
      onPulled: () => {},
    })
    onTestFinished(() => registries.close())
    const catalog = await openCatalog({
      sources: [],
      pulled: registries.files,
      directory,
      environment: {},
      watch: false,
      onChange: () => {},
      onProblem,
    })
    onTestFinished(() => catalog.close())
    const pull = async () => {
      await registries.pull()
      await catalog.refresh()
    }
    const description = () => catalog.list()[0]?.file.agents.root?.description
    return { catalog, problems, pull, description }
  }

  return { directory, pushText, serve }
}

test('what was pushed is pulled and served under its reference', async () => {
  const [{ host }, folder] = await Promise.all([startRegistry(), openFolder()])
  const reference = `${host}/team/support:1`
  expect(await folder.pushText(reference, agent('First'))).toEqual([
    expect.stringMatching(/^127\.0\.0\.1:\d+\/team\/support:1: pushed, sha256:[0-9a-f]{64}$/),
  ])
  const { catalog, problems } = await folder.serve(reference)
  expect(catalog.list()).toEqual([
    expect.objectContaining({
      name: `${host.replace(':', '_')}_team_support_1.yaml`,
      source: reference,
      file: { agents: { root: { description: 'First' } } },
      baseDirectory: folder.directory,
      writable: false,
      trusted: false,
    }),
  ])
  expect(problems).toEqual([])
})

test('a new version is served when it is pulled again', async () => {
  const [{ host }, folder] = await Promise.all([startRegistry(), openFolder()])
  await folder.pushText(`${host}/support`, agent('First'))
  const { pull, description } = await folder.serve(`${host}/support`)
  await folder.pushText(`${host}/support`, agent('Second'))
  expect(description()).toBe('First')
  await pull()
  expect(description()).toBe('Second')
})

test('a reference by digest stays what it is', async () => {
  const [{ host }, folder] = await Promise.all([startRegistry(), openFolder()])
  const [line = ''] = await folder.pushText(`${host}/a`, agent('First'))
  await folder.pushText(`${host}/a`, agent('Second'))
  const { description } = await folder.serve(`${host}/a@${line.split(' ').at(-1)}`)
  expect(description()).toBe('First')
})

test('without the registry the version pulled last is served, and that is said once', async () => {
  const [registry, folder] = await Promise.all([startRegistry(), openFolder()])
  const reference = `${registry.host}/support`
  await folder.pushText(reference, agent('First'))
  await folder.serve(reference)
  await registry.close()
  const { problems, pull, description } = await folder.serve(reference)
  await pull()
  expect(description()).toBe('First')
  expect(problems).toEqual([
    expect.stringMatching(
      /^127.*: it cannot be pulled: .* refused\.; the version pulled 2.*Z is served$/,
    ),
  ])
})

test('an agent that was never pulled stops the start with the reason', async () => {
  const [{ host }, folder] = await Promise.all([startRegistry(), openFolder()])
  await expect(folder.serve(`${host}/support`)).rejects.toEqual(
    new AgentFileError([`${host}/support: it cannot be pulled: ${host} has no ${host}/support`]),
  )
})

test('a version that is wrong is not served, and its faults have their lines', async () => {
  const [{ host }, folder] = await Promise.all([startRegistry(), openFolder()])
  const reference = `${host}/support`
  await folder.pushText(reference, agent('First'))
  const { problems, pull, description } = await folder.serve(reference)
  await folder.pushText(
    reference,
    `${agent('Second')}providers: { p: { base_url: http://a.test, token_key: KEY } }\n`,
  )
  await pull()
  expect(description()).toBe('First')
  expect(problems).toEqual([
    expect.stringMatching(
      /support:2:\d+ providers\.p\.token_key: over the API no key .*; the version pulled .* is served$/,
    ),
  ])
})

test.each([
  'toolsets: [{ type: mcp, command: cat }]',
  'toolsets: [{ type: shell }]',
  'toolsets: [{ type: filesystem, path: /etc }]',
])('what starts programs or leaves the workspace needs --enable-stdio: %s', async (field) => {
  const [{ host }, folder] = await Promise.all([startRegistry(), openFolder()])
  const reference = `${host}/support`
  await folder.pushText(reference, `agents: { root: { ${field} } }\n`)
  await expect(folder.serve(reference)).rejects.toThrow('unless --enable-stdio is given')
  const { catalog } = await folder.serve(reference, { isTrusted: true })
  expect(catalog.list()).toEqual([expect.objectContaining({ trusted: true })])
})

test('the text of files is pushed with the agent that names them', async () => {
  const [{ host }, folder] = await Promise.all([startRegistry(), openFolder()])
  await writeFile(join(folder.directory, 'prompt.txt'), 'You are kind')
  await folder.pushText(`${host}/a`, 'agents: { root: { instruction: "file:prompt.txt" } }')
  const { catalog } = await folder.serve(`${host}/a`)
  expect(catalog.list()[0]?.file.agents.root?.instruction).toBe('You are kind')
})

test('who has logged in gets a token, and who has not is told how', async () => {
  const login = 'ada:secret'
  const [{ host }, folder] = await Promise.all([startScriptedRegistry({ login }), openFolder()])
  const DOCKER_CONFIG = join(folder.directory, 'docker')
  await mkdir(DOCKER_CONFIG)
  const auth = Buffer.from(login).toString('base64')
  await writeFile(
    join(DOCKER_CONFIG, 'config.json'),
    JSON.stringify({ auths: { [host]: { auth } } }),
  )
  const environment = { DOCKER_CONFIG }
  await folder.pushText(`${host}/a`, agent('First'), environment)
  await expect(folder.serve(`${host}/a`)).rejects.toThrow('log in with docker login')
  const { description } = await folder.serve(`${host}/a`, { environment })
  expect(description()).toBe('First')
})

test.each([
  [
    'other bytes',
    'is not what its digest',
    (content: Buffer) => Buffer.from(content.toString().replace('First', 'Other')),
  ],
  [
    'too many bytes',
    'is larger than 1 MiB',
    (content: Buffer) => Buffer.concat([content, Buffer.alloc(1024 * 1024, ' ')]),
  ],
])('what is served with %s is not believed: %s', async (_, reason, change) => {
  const alter = (content: Buffer, path: string) =>
    path.includes('/blobs/') ? change(content) : content
  const [{ host }, folder] = await Promise.all([startScriptedRegistry({ alter }), openFolder()])
  await folder.pushText(`${host}/a`, agent('First'))
  await expect(folder.serve(`${host}/a`)).rejects.toThrow(reason)
  const cached = join(folder.directory, 'registry', parseReference(`${host}/a`).name)
  await expect(readFile(cached)).rejects.toThrow('ENOENT')
})

test('references are told from paths', () => {
  const references = [
    'agentcatalog/coder',
    'localhost:5000/a/b:1.2',
    'ghcr.io/a/b',
    `a/b@sha256:${'0'.repeat(64)}`,
  ]
  const others = [
    'coder',
    './a/b',
    '/a/b',
    'agents/a.yaml',
    'A/b',
    'a/b:',
    'a//b',
    '../a',
    'a/b@sha256:1',
  ]
  expect([...references, ...others].filter(isReference)).toEqual(references)
  expect(parseReference('agentcatalog/coder')).toEqual({
    text: 'agentcatalog/coder',
    name: 'agentcatalog_coder.yaml',
    registry: 'docker.io',
    repository: 'agentcatalog/coder',
    version: 'latest',
    digest: null,
  })
})
