import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { doctorOptions } from '../../src/commands/doctor-options.ts'
import { serveOptions } from '../../src/commands/options.ts'
import { validate } from '../../src/commands/validate.ts'
import { openTestDatabase } from '../support/database.ts'
import { type ServerProcess, startServerProcess } from '../support/process.ts'
import { commandsOf, readBlocks } from './blocks.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const blocks = readBlocks()
const of = (...languages: string[]) =>
  blocks.filter(({ language, noRun }) => languages.includes(language) && noRun === undefined)

let directory: string
let server: ServerProcess

// The examples with the offline model: what somebody has who follows the pages.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parley-docs-'))
  await cp(join(root, 'examples'), join(directory, 'examples'), { recursive: true })
  const flags = [join(directory, 'examples'), '--data-dir', join(directory, 'data')]
  server = await startServerProcess({ home: { flags, directory } })
})

afterAll(async () => {
  await server.kill()
  await rm(directory, { recursive: true, force: true })
})

test('every block says what it is, and why when it cannot be run', () => {
  const ran = ['sh', 'yaml', 'json', 'ts', 'js', 'python', 'sql']
  const shown = ['text', 'sse']
  const faults = blocks.filter(({ language, noRun }) =>
    noRun === undefined ? ![...ran, ...shown].includes(language) : noRun.length < 8,
  )
  expect(faults.map(({ place, language }) => `${place} ${language}`)).toEqual([])
})

const withRequests = of('sh').filter(({ text }) => /^curl /m.test(text))
const requests = Object.entries(Object.groupBy(withRequests, ({ page }) => page))

test.each(requests)('the requests of %s are answered, in their order', async (_, found = []) => {
  // A stream that stays open is left after a moment, an error status is a failure.
  const curl =
    'curl() { command curl --silent --fail-with-body --max-time 4 "$@" || [ $? -eq 28 ]; }'
  const script = found.map(({ text }) => text.replaceAll('http://127.0.0.1:8080', server.url))
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', [curl, ...script].join('\n')], {
    cwd: directory,
  })
  expect(stdout).not.toBe('')
})

test('commands that are only named are there, with the options that they are given', async () => {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const known = new Set(
    [...serveOptions, ...doctorOptions].flatMap(({ name }) => [`--${name}`]).concat('--help'),
  )
  const faults = blocks
    .filter(({ language, noRun }) => language === 'sh' && noRun === undefined)
    .flatMap(({ place, text }) =>
      commandsOf(text).flatMap((command) =>
        commandFaults(command, { scripts, known }).map((fault) => `${place}: ${fault}`),
      ),
    )
  expect(faults).toEqual([])
})

test('agent files are right, and other YAML can be read', async () => {
  const faults: string[] = []
  for (const { place, text } of of('yaml')) {
    const value: unknown = parse(text)
    if (typeof value !== 'object' || value === null) faults.push(`${place}: no mapping`)
    else if ('agents' in value) faults.push(...(await agentFaults(place, text)))
  }
  expect(faults).toEqual([])
})

test('JSON can be read', () => {
  for (const { text, place } of of('json')) expect(() => JSON.parse(text), place).not.toThrow()
})

test('TypeScript compiles against the client', async () => {
  const folder = join(root, 'node_modules/.cache/parley/docs')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const [index, { text, place }] of of('ts').entries()) {
    await writeFile(join(folder, `block-${index}.ts`), `// ${place}\n${text}\nexport {}\n`)
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project(folder)))
  const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).catch(
    (failure: { stdout: string }) => failure,
  )
  expect(stdout).toBe('')
}, 60_000)

test('JavaScript and Python have no mistakes of syntax', async () => {
  for (const { text, place, language } of of('js', 'python')) {
    const file = join(directory, language === 'js' ? 'block.mjs' : 'block.py')
    await writeFile(file, text)
    const check = language === 'js' ? ['--check', file] : ['-m', 'py_compile', file]
    const program = language === 'js' ? process.execPath : 'python3'
    await expect(run(program, check), place).resolves.toBeDefined()
  }
})

test('SQL runs on the database as it is', async () => {
  const { database, close } = await openTestDatabase()
  for (const { text } of of('sql')) await database.query(text, [])
  await close()
})

function commandFaults(
  command: string,
  { scripts, known }: { scripts: Record<string, string>; known: ReadonlySet<string> },
): string[] {
  const [program = '', ...words] = command.split(/\s+/)
  if (['curl', 'export', 'cd'].includes(program)) return []
  if (program === 'npm' && words[0] === 'ci') return []
  if (program === 'npm') {
    const script = words[0] === 'run' ? words[1] : words[0]
    if (script === undefined || !(script in scripts)) return [`there is no npm script ${script}`]
    const isServer = ['start', 'dev', 'parley'].includes(script)
    return isServer ? optionFaults(words.slice(words.indexOf('--') + 1), known) : []
  }
  if (program !== 'parley') return [`${program} is no command that a test knows`]
  return words[0] === 'keys' ? [] : optionFaults(words, known)
}

function optionFaults(words: string[], known: ReadonlySet<string>): string[] {
  return words
    .filter((word) => word.startsWith('--') && !known.has(word.split('=')[0] ?? ''))
    .map((word) => `there is no option ${word}`)
}

async function agentFaults(place: string, text: string): Promise<string[]> {
  const file = join(directory, 'block.yaml')
  await writeFile(file, text)
  const lines: string[] = []
  const write = (line: string) => lines.push(line)
  const world = { environment: {}, directory, write, writeError: write }
  const code = await validate([file], world)
  return code === 0 ? [] : [`${place}: ${lines.join(' ')}`]
}

/** A strict project with the client by the name that its package has. */
function project(folder: string) {
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      rootDir: root,
      noUnusedLocals: false,
      paths: { 'parley-client': [join(root, 'src/client/index.ts')] },
    },
    include: [join(folder, '*.ts')],
  }
}
