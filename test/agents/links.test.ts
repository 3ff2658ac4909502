import { expect, test } from 'vitest'
import { combineAgents } from '#agents/combine-agents.ts'
import { linkAgents } from '#agents/links.ts'
import { loadAgent } from '#agents/load.ts'
import { AgentFileError } from '#agents/problem.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'

/** Sources by name, each the text of its file. */
async function read(sources: Record<string, string>): Promise<AgentSnapshot[]> {
  const loaded = Object.entries(sources).map(([name, text]) => {
    const file = { name, path: `/${name}`, source: name, explicit: true, writable: false }
    return loadAgent(file, {}, async () => text)
  })
  return (await Promise.all(loaded)).map((each) => {
    if ('problems' in each) throw new Error(JSON.stringify(each.problems))
    return each.snapshot
  })
}

const naming = (...entries: string[]) =>
  `agents:\n  root:\n    sub_agents:\n${entries.map((entry) => `      - ${entry}\n`).join('')}`
const alone = (description: string) => `agents: { root: { description: ${description} } }\n`

test('a source holds those that it names, by what its team calls them', async () => {
  const reference = 'registry.example/team/pirate:1'
  const { agents, faults } = linkAgents(
    await read({
      team: naming('writer', 'second:writer', reference, `first:${reference}`),
      writer: 'agents: { lead: { description: Leads }, root: { description: Writes } }\n',
      'registry.example_team_pirate_1.yaml': alone('Sails'),
    }),
  )
  const links = Object.entries(agents.get('team')?.links ?? {})
  expect(
    links.map(([entry, { name, agentName, snapshot }]) => [entry, name, agentName, snapshot.name]),
  ).toEqual([
    ['writer', 'writer', 'root', 'writer'],
    ['second:writer', 'second', 'root', 'writer'],
    [reference, 'pirate', 'root', 'registry.example_team_pirate_1.yaml'],
    [`first:${reference}`, 'first', 'root', 'registry.example_team_pirate_1.yaml'],
  ])
  expect(faults).toEqual(new Map())
})

test('what is not served, or is named in a circle, is told with its line', async () => {
  const { agents, faults } = linkAgents(
    await read({
      a: naming('b'),
      b: naming('c'),
      c: naming('a'),
      team: naming('writre', 'library/pirate'),
      writer: alone('Writes'),
      over: naming('team'),
    }),
  )
  expect([...agents.keys()]).toEqual(['writer'])
  expect([...faults.values()].flat()).toEqual([
    'c:4:9 a → b → c → a: sources cannot name each other in a circle',
    'b:4:9 c is not served, because of its own mistakes',
    'a:4:9 b is not served, because of its own mistakes',
    'team:4:9 there is no agent writre in this file or beside it; did you mean writer?',
    'team:5:9 library/pirate is not served; name it for parley serve, too',
    'over:4:9 team is not served, because of its own mistakes',
  ])
})

test('a pin changes with any source below; what cannot be linked stays as it was', async () => {
  const sources = { team: naming('deputy'), deputy: naming('writer'), writer: alone('Writes') }
  const before = linkAgents(await read(sources)).agents
  const changed = linkAgents(
    await read({ ...sources, writer: alone('Writes well') }),
    before,
  ).agents
  const team = before.get('team')
  expect(changed.get('team')).toMatchObject({ version: team?.version })
  expect(changed.get('team')?.pin).not.toBe(team?.pin)
  const broken = linkAgents(await read({ team: sources.team, deputy: sources.deputy }), before)
  expect(broken.agents.get('team')).toEqual(team)
})

test('a file that was named itself and names nobody who is there stops the start', async () => {
  const [team] = await read({ team: naming('writer') })
  const stored = { list: () => [], get: () => undefined, close: async () => {} }
  const combine = (explicit: boolean) =>
    combineAgents({
      files: {
        ...stored,
        list: () => (team ? [team] : []),
        get: () => team,
        fileOf: (name) => ({ name, path: '/team', source: name, explicit, writable: false }),
      },
      stored: { ...stored, tenants: () => [] },
      onProblem: (line) => void lines.push(line),
    })
  const lines: string[] = []
  const line = 'team:4:9 there is no agent writer in this file or beside it; serve its file, too'
  expect(() => combine(true)).toThrow(new AgentFileError([line]))
  expect(combine(false).of('default').list()).toEqual([])
  expect(lines).toEqual([line])
})
