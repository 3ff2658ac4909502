import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parley, startParley } from './parley.ts'

async function openDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-serve-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test('serve says where it listens, serves the examples, and ends with 0 at SIGTERM', async () => {
  const directory = await openDirectory()
  const server = startParley(['serve', '--listen', '127.0.0.1:0', '--data-dir', directory])
  const url = await server.firstMatch(/http:\/\/127\.0\.0\.1:\d+/)
  const agents = await (await fetch(`${url}/api/agents`)).json()
  const examples = (await readdir(new URL('../../examples', import.meta.url))).filter((name) =>
    name.endsWith('.yaml'),
  )
  expect(agents.map(({ name }: { name: string }) => `${name}.yaml`)).toEqual(examples.toSorted())
  server.kill('SIGTERM')
  expect(await server.ended).toMatchObject({ code: 0 })
})

test('serve says where finished turns go, without what may be secret in the address', async () => {
  const directory = await openDirectory()
  const address = 'http://127.0.0.1:1/turns?token=hidden'
  const server = startParley(
    ['serve', '--listen', '127.0.0.1:0', '--data-dir', directory, '--archive-url', address],
    { environment: { PARLEY_ARCHIVE_SECRET: 'twenty-four-bytes-secret' } },
  )
  const line = await server.firstMatch(/archive .*/)
  expect(line).toMatch(/^archive +finished turns go to http:\/\/127\.0\.0\.1:1$/)
  server.kill('SIGTERM')
  expect(await server.ended).toMatchObject({ code: 0 })
})

test('serve ends with 78 and the lines of a broken file that is named', async () => {
  const directory = await openDirectory()
  await writeFile(join(directory, 'a.yaml'), 'agents: { root: { modle: x } }')
  expect(await parley(['serve', 'a.yaml', '--listen', ':0'], { directory })).toEqual({
    code: 78,
    output: '',
    errors: 'a.yaml:1:19 agents.root.modle: unknown field; did you mean model?\n',
  })
})
