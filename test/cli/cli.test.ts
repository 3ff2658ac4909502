import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parley } from './parley.ts'

async function openDirectory(files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-cli-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  return directory
}

test('without a command, with --help and with help it explains itself', async () => {
  const [bare, flag, command] = await Promise.all([parley([]), parley(['-h']), parley(['help'])])
  expect(bare).toEqual({ code: 0, output: expect.stringContaining('Usage: parley'), errors: '' })
  expect(flag).toEqual(bare)
  expect(command).toEqual(bare)
})

test('help for a command shows its flags, their variables and examples', async () => {
  const [flag, command] = await Promise.all([
    parley(['serve', '--help']),
    parley(['help', 'serve']),
  ])
  expect(command).toEqual(flag)
  expect(flag.code).toBe(0)
  expect(flag.output).toContain('--listen ADDRESS')
  expect(flag.output).toContain('[PARLEY_LISTEN]')
  expect(flag.output).toContain('Examples:')
})

test('version prints the version of the package', async () => {
  const packageFile = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(packageFile)
  expect(await parley(['version'])).toEqual({ code: 0, output: `parley ${version}\n`, errors: '' })
  expect(await parley(['--version'])).toEqual(await parley(['version']))
})

test.each([
  [['serv'], 'parley: unknown command serv; did you mean serve?'],
  [['team.yaml'], 'parley: unknown command team.yaml; did you mean parley serve team.yaml?'],
  [['serve', '--lisen', ':80'], 'parley: unknown flag --lisen; did you mean --listen?'],
  [['serve', '-l', ':80'], 'parley: unknown flag -l; --help lists the flags'],
  [['serve', '--listen'], 'parley: --listen needs a value: --listen ADDRESS'],
  [['validate'], 'parley: name the files to check: parley validate FILE…'],
])('a command line that cannot be understood ends with 2: %j', async (args, line) => {
  expect(await parley(args)).toEqual({ code: 2, output: '', errors: `${line}\n` })
})

test('validate says which files are right and which agents they hold', async () => {
  const directory = await openDirectory({
    'a.yaml': 'agents: { root: {}, helper: {} }',
    'b.json': '{"agents": {"root": {}}}',
  })
  expect(await parley(['validate', '.', 'a.yaml'], { directory })).toEqual({
    code: 0,
    output: 'a.yaml: ok (root, helper)\nb.json: ok (root)\na.yaml: ok (root, helper)\n',
    errors: '',
  })
})

test('validate warns of a field that is only accepted, and the file is right', async () => {
  const toolsets = '[{ type: tasks, path: t.json }, { type: memory }]'
  const directory = await openDirectory({ 'a.yaml': `agents: { root: { toolsets: ${toolsets} } }` })
  expect(await parley(['validate', 'a.yaml'], { directory })).toEqual({
    code: 0,
    output: 'a.yaml: ok (root)\n',
    errors:
      'warning: a.yaml:1:51 agents.root.toolsets.0.path: not used: tasks is kept in the database; remove it\n',
  })
})

test('validate ends with 78 and a line for each problem of each file', async () => {
  const directory = await openDirectory({
    'a.yaml': 'agents:\n  root:\n    modle: x\n    toolsets: [{ type: think, toon: x }]\n',
    'b.yaml': 'agents: {}',
    'c.yaml': 'agents: { root: {} }',
  })
  expect(await parley(['validate', 'a.yaml', 'b.yaml', 'c.yaml', 'd.yaml'], { directory })).toEqual(
    {
      code: 78,
      output: 'c.yaml: ok (root)\n',
      errors: [
        'a.yaml:3:5 agents.root.modle: unknown field; did you mean model?',
        'a.yaml:4:31 agents.root.toolsets.0.toon: not supported yet',
        'b.yaml:1:9 agents: at least one agent is needed',
        'd.yaml: there is no such file or directory',
        '',
      ].join('\n'),
    },
  )
})

test('the examples of the package are right', async () => {
  const directory = new URL('../../', import.meta.url).pathname
  const { code, errors } = await parley(['validate', 'examples'], { directory })
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
})

test('openapi prints the document of the API as JSON', async () => {
  const { code, output, errors } = await parley(['openapi'])
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(JSON.parse(output)).toMatchObject({ openapi: '3.1.0' })
})

test('a public address is refused with 78, and a wrong variable too', async () => {
  const refused = await parley(['serve', '--listen', '0.0.0.0:0'])
  expect(refused.code).toBe(78)
  expect(refused.errors).toMatch(
    /^parley: refusing to listen on 0\.0\.0\.0:0: .*--insecure-no-auth.*\n$/,
  )
  const environment = { PARLEY_LOG_LEVEL: 'loud' }
  expect(await parley(['serve'], { environment })).toEqual({
    code: 78,
    output: '',
    errors: 'parley: PARLEY_LOG_LEVEL: "loud" is none of debug, info, warn, error\n',
  })
})
