import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parley } from '../cli/parley.ts'
import { startApp } from '../support/app.ts'
import { startRegistry } from '../support/registry.ts'

test('an agent of a registry is served, also after a restart without the registry', async () => {
  const [registry, directory] = await Promise.all([
    startRegistry(),
    mkdtemp(join(tmpdir(), 'parley-push-')),
  ])
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const reference = `${registry.host}/team/support:1`
  await writeFile(join(directory, 'a.yaml'), 'agents: { root: { description: Supports } }\n')
  const pushed = await parley(['push', 'a.yaml', reference], { directory })
  expect(pushed).toEqual({
    code: 0,
    output: expect.stringContaining(`${reference}: pushed, sha256:`),
    errors: '',
  })

  const app = await startApp({ flags: [reference, '--pull-interval', '5'] })
  const name = `${registry.host.replace(':', '_')}_team_support_1.yaml`
  const find = async () => {
    const { data } = await app.client.GET('/api/agents')
    return data?.find((agent) => agent.name === name)
  }
  const served = await find()
  expect(served).toMatchObject({ name, description: 'Supports' })
  await registry.close()
  await app.restart()
  expect(await find()).toEqual(served)
})

test('an interval to pull needs an agent of a registry', async () => {
  expect(await parley(['serve', 'examples', '--pull-interval', '5'])).toEqual({
    code: 78,
    output: '',
    errors: 'parley: --pull-interval is for agents from a registry, and none is named\n',
  })
})

test('what is neither a file nor a reference is said to be missing', async () => {
  expect(await parley(['serve', 'agents/suport.yaml'])).toEqual({
    code: 78,
    output: '',
    errors: 'agents/suport.yaml: there is no such file or directory\n',
  })
})
