import { expect, onTestFinished, test } from 'vitest'
import { combineAgents } from '#agents/combine-agents.ts'
import { openStoredAgents } from '#agents/stored-agents.ts'
import { agentsChannel, readAgentHeads } from '#store/agents.ts'
import type { Database } from '#store/database.ts'
import { openStore } from '../store/rows.ts'

const scope = { tenant: 'default', owner: null }

test('a change is seen by who listens, and by who only polls', async () => {
  const { store, database, close } = await openStore()
  onTestFinished(close)
  const follow = async (hears: boolean) => {
    const seen = createSignal()
    const stored = await openStoredAgents({
      rows: store.agents,
      readHeads: () => readAgentHeads(database),
      baseDirectory: '/work',
      problemsOf: () => [],
      listen: async (onHint) => (hears ? database.listen(agentsChannel, onHint) : async () => {}),
      pollInterval: hears ? null : 20,
      onProblem: () => {},
      onChange: seen.notify,
    })
    onTestFinished(() => stored.close())
    return { stored, seen }
  }
  const followers = [await follow(true), await follow(false)]
  await store.agents.create(scope, revision('a', 'created'))
  for (const { stored, seen } of followers) {
    await seen.once
    expect(stored.list('default')).toMatchObject([
      { name: 'a', version: 'v-a', source: 'database' },
    ])
  }
})

test('what is in the database at the start is served, and what was removed is not', async () => {
  const { store, database, close } = await openStore()
  onTestFinished(close)
  await store.agents.create(scope, revision('a', 'created'))
  const stored = await openSilent({ rows: store.agents, database })
  expect(stored.list('default')[0]?.baseDirectory).toBe('/work')
  await store.agents.remove(scope, { ...revision('a', 'deleted'), revision: 1 })
  await stored.refresh()
  expect(stored.list('default')).toEqual([])
  await stored.close()
})

test('what would be refused now is not served, and is reported', async () => {
  const { store, database, close } = await openStore()
  onTestFinished(close)
  await store.agents.create(scope, revision('a', 'created'))
  const lines: string[] = []
  const problemsOf = () => ['config.agents.root.toolsets.0.type: commands are turned off']
  const stored = await openSilent(
    { rows: store.agents, database },
    {
      problemsOf,
      onProblem: (line) => lines.push(line),
    },
  )
  expect(stored.list('default')).toEqual([])
  expect(lines).toEqual([
    'database: agent a is not served: config.agents.root.toolsets.0.type: commands are turned off',
  ])
  await stored.close()
})

test('a file hides an agent of the database that has its name, and both are named', async () => {
  const lines: string[] = []
  const catalog = combine({ inFiles: ['a', 'c'], inDatabase: ['a', 'b'], lines })
  expect(
    catalog
      .of('default')
      .list()
      .map(({ name, source }) => [name, source]),
  ).toEqual([
    ['a', 'a.yaml'],
    ['b', 'database'],
    ['c', 'c.yaml'],
  ])
  expect(lines).toEqual(['a.yaml: the database has an agent a too, which is hidden; rename one'])
})

test('the default is the named agent, the only one, default, or the first', () => {
  expect(combine({}).of('default').defaultName()).toBeUndefined()
  expect(
    combine({ inDatabase: ['b'] })
      .of('default')
      .defaultName(),
  ).toBe('b')
  expect(
    combine({ inFiles: ['b'], inDatabase: ['a'] })
      .of('default')
      .defaultName(),
  ).toBe('a')
  expect(
    combine({ inFiles: ['b', 'default'], inDatabase: ['a'] })
      .of('default')
      .defaultName(),
  ).toBe('default')
  expect(
    combine({ inFiles: ['b'], inDatabase: ['a'], defaultAgent: 'b' })
      .of('default')
      .defaultName(),
  ).toBe('b')
  expect(() => combine({ inFiles: ['default'], defaultAgent: 'defualt' })).toThrow(
    '--agent defualt: there is no such agent; did you mean default?',
  )
})

function combine({
  inFiles = [],
  inDatabase = [],
  defaultAgent,
  lines = [],
}: {
  inFiles?: string[]
  inDatabase?: string[]
  defaultAgent?: string
  lines?: string[]
}) {
  return combineAgents({
    files: holding(inFiles, (name) => `${name}.yaml`),
    stored: { ...holding(inDatabase, () => 'database'), tenants: () => ['default'] },
    defaultAgent,
    onProblem: (line) => lines.push(line),
  })
}

function holding(names: string[], sourceOf: (name: string) => string) {
  const snapshots = names.map((name) => ({
    name,
    version: 'v1',
    file: { agents: { root: {} } },
    baseDirectory: '/',
    source: sourceOf(name),
    writable: false,
  }))
  return {
    list: () => snapshots,
    get: (name: string) => snapshots.find((snapshot) => snapshot.name === name),
    close: async () => {},
  }
}

function openSilent(
  { rows, database }: { rows: Parameters<typeof openStoredAgents>[0]['rows']; database: Database },
  options: Partial<Parameters<typeof openStoredAgents>[0]> = {},
) {
  return openStoredAgents({
    rows,
    readHeads: () => readAgentHeads(database),
    baseDirectory: '/work',
    problemsOf: () => [],
    listen: async () => async () => {},
    pollInterval: null,
    onProblem: () => {},
    onChange: () => {},
    ...options,
  })
}

function revision(name: string, change: 'created' | 'deleted') {
  return {
    name,
    version: `v-${name}`,
    change,
    file: { agents: { root: {} } },
    createdBy: 'ada',
    audit: { actor: 'ada', action: 'createAgent', target: `agent/${name}` },
  }
}

function createSignal() {
  let notify = () => {}
  const once = new Promise<void>((resolve) => {
    notify = resolve
  })
  return { once, notify }
}
