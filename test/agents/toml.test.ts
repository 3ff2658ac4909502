import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAgentFolder } from './agent-folder.ts'

const toml = `[agent]
name = "adder"
model = "openai/gpt-5"
system_prompt = "prompt.txt"
version = "1.2"

[[tools]]
name = "add"
schema = "tools/add.json"
implementation = { type = "python", script = "tools/add.py" }
`

test('a TOML agent in a directory of its own is a team of one with its tools', async () => {
  const folder = await openTomlAgent(toml)
  const { catalog, problems } = await folder.serve({ watch: false })
  expect(problems.rest()).toEqual([])
  expect(catalog.get('adder')?.file).toEqual({
    agents: {
      root: {
        model: 'openai/gpt-5',
        instruction: 'You add.',
        toolsets: [{ type: 'code', python: [{ name: 'add', schema: { type: 'object' }, code }] }],
      },
    },
    metadata: { version: '1.2' },
  })
})

test('a change of a script is a new version', async () => {
  const folder = await openTomlAgent(toml)
  const { catalog, changes } = await folder.serve()
  const before = catalog.get('adder')?.version
  await folder.write('adder/tools/add.py', 'def execute(args): return 2\n')
  expect(await changes.next()).toMatchObject({ changed: ['adder'] })
  expect(catalog.get('adder')?.version).not.toBe(before)
})

test('other TOML files are no agents', async () => {
  const folder = await openTomlAgent(toml)
  await folder.write('pyproject.toml', '[project]\nname = "x"\n')
  const { catalog, problems } = await folder.serve({ watch: false })
  expect(catalog.list().map(({ name }) => name)).toEqual(['adder'])
  expect(problems.rest()).toEqual([])
})

test.each([
  ['[agent]\nname = 7 7', 'adder/agent.toml:2:10 not valid TOML: '],
  ['[agent]\nname = "a"\n', 'adder/agent.toml:1:1 agent.system_prompt: missing; text is needed'],
  ['[agent]\nname = "a/b"\nsystem_prompt = "prompt.txt"', 'adder/agent.toml:2:1 agent.name: '],
  [
    '[agent]\nname = "a"\nsystem_prompt = "no.txt"',
    'adder/agent.toml:3:1 agent.system_prompt: no.txt: there is no such file',
  ],
  [toml.replace('python', 'rust'), 'adder/agent.toml:1:1 tools.0.implementation.type: '],
])('a broken TOML agent says what is wrong (%#)', async (text, line) => {
  const folder = await openTomlAgent(text)
  const { catalog, problems } = await folder.serve({ watch: false })
  expect(catalog.list()).toEqual([])
  expect(problems.rest()[0]).toContain(line)
})

const code = 'def execute(args): return 1\n'

async function openTomlAgent(text: string) {
  const folder = await openAgentFolder()
  await mkdir(join(folder.directory, 'adder', 'tools'), { recursive: true })
  await folder.write('adder/agent.toml', text)
  await folder.write('adder/prompt.txt', 'You add.')
  await folder.write('adder/tools/add.json', '{"type":"object"}')
  await folder.write('adder/tools/add.py', code)
  return folder
}
