import { mkdir, rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAgentFolder } from './agent-folder.ts'

const agent = (description: string) => `agents:\n  root:\n    description: ${description}\n`
const broken = 'agents:\n  root:\n    modle: x\n'
const brokenLine = 'a.yaml:3:5 agents.root.modle: unknown field; did you mean model?'

test('a directory serves its YAML and JSON files by their stems, in order', async () => {
  const folder = await openAgentFolder()
  await folder.write('team.prod.yml', agent('b'))
  await folder.write('a.yaml', agent('a'))
  await folder.write('z.json', '{"agents": {"root": {}}}')
  await folder.write('notes.md', 'not an agent')
  await folder.write('.hidden.yaml', 'nor this')
  await mkdir(join(folder.directory, 'deeper.yaml.d'))
  const { catalog, problems } = await folder.serve({ watch: false })
  expect(catalog.list().map(({ name, source, writable }) => ({ name, source, writable }))).toEqual([
    { name: 'a', source: 'a.yaml', writable: false },
    { name: 'team.prod', source: 'team.prod.yml', writable: false },
    { name: 'z', source: 'z.json', writable: false },
  ])
  expect(catalog.get('a')?.baseDirectory).toBe(folder.directory)
  expect(problems.rest()).toEqual([])
})

test('a broken file that is named itself is fatal, with all its lines', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', broken)
  await folder.write('b.yaml', 'agents: {}')
  await expect(folder.serve({ sources: ['a.yaml', 'b.yaml'] })).rejects.toThrow(
    `${brokenLine}\nb.yaml:1:9 agents: at least one agent is needed`,
  )
})

test('a broken file in a directory is reported and the others are served', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', broken)
  await folder.write('b.yaml', agent('b'))
  const { catalog, problems } = await folder.serve({ watch: false })
  expect(catalog.list().map(({ name }) => name)).toEqual(['b'])
  expect(problems.rest()).toEqual([brokenLine])
})

test('a field that is only accepted is served with a line, once for each version', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', 'agents: { root: { toolsets: [{ type: memory, path: ./a.db }] } }')
  const { catalog, problems } = await folder.serve({ watch: false })
  await catalog.refresh()
  expect(catalog.get('a')).toBeDefined()
  expect(problems.rest()).toEqual([
    'a.yaml:1:52 agents.root.toolsets.0.path: not used: memory is kept in the database; remove it',
  ])
})

test('two files of one name are an error that names both', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', agent('a'))
  await folder.write('a.json', '{"agents": {"root": {}}}')
  await expect(folder.serve()).rejects.toThrow('a.yaml: a.json is already the agent a; rename one')
})

test('a source that is not there is fatal', async () => {
  const folder = await openAgentFolder()
  await expect(folder.serve({ sources: ['nowhere'] })).rejects.toThrow(
    'nowhere: there is no such file or directory',
  )
})

test('the version changes with what the agent is, not with how it is written', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', agent('one'))
  const { catalog } = await folder.serve({ watch: false })
  const first = catalog.get('a')
  await folder.replace('a.yaml', `# a comment\n${agent('"one"')}`)
  await catalog.refresh()
  expect(catalog.get('a')).toBe(first)
  await folder.replace('a.yaml', agent('two'))
  await catalog.refresh()
  expect(catalog.get('a')?.version).toMatch(/^[0-9a-f]{16}$/)
  expect(catalog.get('a')?.version).not.toBe(first?.version)
})

test('the order of the agents is part of the version', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', 'agents: { b: {}, c: {} }')
  const { catalog } = await folder.serve({ watch: false })
  const before = catalog.get('a')?.version
  await folder.replace('a.yaml', 'agents: { c: {}, b: {} }')
  await catalog.refresh()
  expect(catalog.get('a')?.version).not.toBe(before)
})

test('an instruction from a file is its text, and following it is following the agent', async () => {
  const folder = await openAgentFolder()
  await folder.write('prompt.txt', 'Be brief.')
  await folder.write('a.yaml', 'agents: { root: { instruction: "file:prompt.txt" } }')
  const { catalog, changes } = await folder.serve()
  expect(catalog.get('a')?.file.agents.root?.instruction).toBe('Be brief.')
  await folder.replace('prompt.txt', 'Be long.')
  expect(await changes.next()).toEqual({ added: [], changed: ['a'], removed: [] })
  expect(catalog.get('a')?.file.agents.root?.instruction).toBe('Be long.')
})

test('a missing instruction file is placed at the line that names it', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', 'agents:\n  root:\n    instruction: { file: no.txt }\n')
  await expect(folder.serve({ sources: ['a.yaml'] })).rejects.toThrow(
    `a.yaml:3:18 agents.root.instruction: ${join(folder.directory, 'no.txt')}: there is no such file`,
  )
})

test('a prompt file that appears makes a new version', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', 'agents: { root: { add_prompt_files: [AGENTS.md] } }')
  const { changes } = await folder.serve()
  await folder.write('AGENTS.md', 'Use tabs.')
  expect(await changes.next()).toEqual({ added: [], changed: ['a'], removed: [] })
})

test('a file that is written over, appears and vanishes is followed', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', agent('one'))
  const { catalog, changes } = await folder.serve()
  await folder.write('a.yaml', agent('two'))
  expect(await changes.next()).toEqual({ added: [], changed: ['a'], removed: [] })
  expect(catalog.get('a')?.file.agents.root?.description).toBe('two')
  await folder.replace('b.yaml', agent('b'))
  expect(await changes.next()).toEqual({ added: ['b'], changed: [], removed: [] })
  await folder.remove('a.yaml')
  expect(await changes.next()).toEqual({ added: [], changed: [], removed: ['a'] })
  expect(catalog.get('a')).toBeUndefined()
})

test('a broken save keeps the old version, says why once, and the repair is served', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', agent('one'))
  const { catalog, changes, problems } = await folder.serve()
  await folder.write('a.yaml', broken)
  expect(await problems.next()).toBe(brokenLine)
  expect(await problems.next()).toBe('a.yaml: the version before stays in use')
  await catalog.refresh()
  await folder.write('a.yaml', `${broken}# still\n`)
  await catalog.refresh()
  expect(catalog.get('a')?.file.agents.root?.description).toBe('one')
  await folder.replace('a.yaml', agent('two'))
  expect(await changes.next()).toEqual({ added: [], changed: ['a'], removed: [] })
  expect(problems.rest()).toEqual([])
})

test('a half-written file is not a fault', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', agent('one'))
  // A clock without a time: every file may have been written just now.
  const { catalog, changes, problems } = await folder.serve({ now: () => Number.NaN })
  await folder.write('a.yaml', 'agents:\n  ro')
  await catalog.refresh()
  await folder.write('a.yaml', agent('two'))
  expect(await changes.next()).toEqual({ added: [], changed: ['a'], removed: [] })
  expect(problems.rest()).toEqual([])
})

test('a named file that vanishes stays served, with a line that says so', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', agent('one'))
  const { catalog, problems } = await folder.serve({ sources: ['a.yaml'] })
  await folder.remove('a.yaml')
  expect(await problems.next()).toBe('a.yaml:1:1 there is no such file')
  expect(catalog.get('a')?.file.agents.root?.description).toBe('one')
})

test('a newcomer with a taken name is reported and the first stays', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', agent('one'))
  const { catalog, problems } = await folder.serve()
  await folder.write('a.json', '{"agents": {"root": {"description": "two"}}}')
  expect(await problems.next()).toBe('a.json: a.yaml is already the agent a; rename one')
  expect(catalog.get('a')?.file.agents.root?.description).toBe('one')
})

test('a directory that is swapped by a symbolic link is followed', async () => {
  const folder = await openAgentFolder()
  for (const version of ['v1', 'v2']) {
    await mkdir(join(folder.directory, version))
    await folder.write(`${version}/a.yaml`, agent(version))
  }
  await symlink('v1', join(folder.directory, 'data'))
  await symlink('data/a.yaml', join(folder.directory, 'a.yaml'))
  const { catalog, changes } = await folder.serve()
  await symlink('v2', join(folder.directory, '.data'))
  await rename(join(folder.directory, '.data'), join(folder.directory, 'data'))
  expect(await changes.next()).toEqual({ added: [], changed: ['a'], removed: [] })
  expect(catalog.get('a')?.file.agents.root?.description).toBe('v2')
})

test('a file system that says nothing is looked at again and again', async () => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', agent('one'))
  const watchDirectory = () => {
    throw new Error('no watches left')
  }
  const { changes } = await folder.serve({ watchDirectory, pollInterval: 10 })
  await folder.replace('a.yaml', agent('two'))
  expect(await changes.next()).toEqual({ added: [], changed: ['a'], removed: [] })
})

test('one edit among two hundred agents reads one file', async () => {
  const folder = await openAgentFolder()
  const names = Array.from({ length: 200 }, (_, index) => `agent-${index}.yaml`)
  await Promise.all(names.map((name) => folder.write(name, agent(name))))
  const { catalog, changes } = await folder.serve()
  const before = new Map(catalog.list().map((snapshot) => [snapshot.name, snapshot]))
  await folder.replace('agent-7.yaml', agent('edited'))
  expect(await changes.next()).toEqual({ added: [], changed: ['agent-7'], removed: [] })
  const replaced = catalog.list().filter((snapshot) => before.get(snapshot.name) !== snapshot)
  expect(replaced.map(({ name }) => name)).toEqual(['agent-7'])
})
