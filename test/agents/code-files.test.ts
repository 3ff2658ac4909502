import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAgentFolder } from './agent-folder.ts'

const team = (tools: string) => `agents:\n  root:\n    toolsets:\n      - type: code\n${tools}`
const fromFiles = team(
  '        python: [{ name: size, file: tools/size.py, schema: tools/size.json }]\n',
)

test('the files of a code toolset are part of the agent: a change is a new version', async () => {
  const folder = await openAgentFolder()
  await mkdir(join(folder.directory, 'tools'))
  await folder.write('tools/size.py', 'def execute(args): return 1')
  await folder.write('tools/size.json', '{"type":"object"}')
  await folder.write('a.yaml', fromFiles)
  const { catalog, changes } = await folder.serve()
  const first = catalog.get('a')
  const code = 'def execute(args): return 1'
  expect(first?.file.agents.root?.toolsets).toEqual([
    { type: 'code', python: [{ name: 'size', code, schema: '{"type":"object"}' }] },
  ])
  await folder.write('tools/size.py', 'def execute(args): return 2')
  await changes.next()
  expect(catalog.get('a')?.version).not.toBe(first?.version)
})

test.each([
  {
    title: 'a file that is not there',
    text: fromFiles,
    line: /^a\.yaml:5:38 agents\.root\.toolsets\.0\.python\.0\.file: .*size\.py: there is no such file$/,
  },
  {
    title: 'a tool with neither file nor code',
    text: team('        javascript: [{ name: size }]\n'),
    line: /^a\.yaml:5:22 agents\.root\.toolsets\.0\.javascript\.0: either file or code is needed$/,
  },
  {
    title: 'a field that a tool does not have',
    text: team('        javascript: [{ name: size, code: x, shema: {} }]\n'),
    line: /shema: unknown field; did you mean schema\?$/,
  },
  {
    title: 'two tools of one name',
    text: team(
      '        python: [{ name: a, code: x }]\n        javascript: [{ name: a, code: x }]\n',
    ),
    line: /^a\.yaml:6:30 agents\.root\.toolsets\.0\.javascript\.0\.name: there are two tools a$/,
  },
  {
    title: 'no tool at all',
    text: team(''),
    line: /no tools; list them under python or javascript$/,
  },
])('$title is told with its line', async ({ text, line }) => {
  const folder = await openAgentFolder()
  await folder.write('a.yaml', text)
  const { problems } = await folder.serve({ watch: false })
  expect(problems.rest()[0]).toMatch(line)
})

test('a template of JavaScript is no reference to a secret', async () => {
  const folder = await openAgentFolder()
  const code = 'export const execute = (env) => `${env.NAME}`'
  await folder.write(
    'a.yaml',
    team(`        javascript: [{ name: a, code: ${JSON.stringify(code)} }]\n`),
  )
  const { catalog } = await folder.serve({ watch: false })
  expect(catalog.get('a')).toBeDefined()
})
