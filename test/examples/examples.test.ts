import { readdirSync, readFileSync } from 'node:fs'
import { cp, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serve } from '@hono/node-server'
import { expect, onTestFinished, test } from 'vitest'
import { createLibrary } from '../../examples/openapi/service.ts'
import { ask, newSession, ofType, resume } from '../journeys/conversation.ts'
import { type App, startApp } from '../support/app.ts'
import { startModelServer } from '../support/model-server.ts'
import { type Example, examples } from './examples.ts'

/**
 * Each agent of `examples/` through the whole server, with a recording in the place of the model. A
 * change of an agent that the model would be told of needs a new one:
 * `RECORD=1 npx vitest run test/examples`, which talks to the scripted model.
 */
const isRecording = process.env.RECORD === '1'
const folder = fileURLToPath(new URL('../../examples/', import.meta.url))
const everything = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-everything/dist/index.js',
)

test.each(examples)('$file: its recorded conversation goes as it went', async (example) => {
  const app = await startExample(example)
  const session = await newSession(app)
  const calls: [string, string][] = []
  let output: unknown
  for (const { message, confirmation } of example.says) {
    const { run, output: answer } = await ask(app, { session, agent: 'example', message })
    expect({ error: run.error, waits: run.waiting_for?.kind }).toEqual({
      error: null,
      waits: confirmation && 'approval',
    })
    if (confirmation) await resume(app, session, { confirmation })
    const events = await app.events(run.id)
    calls.push(...endsOf(events))
    output = confirmation ? await lastText(app, session) : answer
  }
  expect({ output, calls }).toEqual({ output: example.output, calls: example.calls })
})

test('every agent of examples has a recorded conversation and a place in the README', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const agents = files
    .filter((file) => file.endsWith('.yaml') && !file.startsWith('clients/'))
    .map((file) => file.slice(0, -5))
  expect(examples.map(({ file }) => file).toSorted()).toEqual(agents.toSorted())
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  expect(agents.filter((file) => !readme.includes(`(examples/${file}.yaml)`))).toEqual([])
})

async function startExample({ file, flags = [], model: script }: Example): Promise<App> {
  const cassette = fileURLToPath(
    new URL(`./cassettes/${file.replace('/', '-')}.yaml`, import.meta.url),
  )
  const model = await startModelServer({ script })
  onTestFinished(() => model.close())
  const { text, hosts } = await readExample(file)
  return startApp({
    agents: { example: text },
    flags: [...flags, ...hosts, isRecording ? '--record' : '--fake', cassette],
    environment: {
      PATH: process.env.PATH ?? '',
      ...(isRecording ? { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODEL: 'gpt-5-mini' } : {}),
    },
    prepare: (directory) =>
      cp(join(folder, 'workspace'), join(directory, 'workspace'), { recursive: true }),
  })
}

/** The file without what is another one each day or on each machine. */
async function readExample(file: string): Promise<{ text: string; hosts: string[] }> {
  const text = (await readFile(join(folder, `${file}.yaml`), 'utf8'))
    .replaceAll(/^ *add_(date|environment_info): true\n/gm, '')
    .replace('command: npx', `command: ${JSON.stringify(process.execPath)}`)
    .replace(/args: \[-y, .*\]/, `args: [${JSON.stringify(everything)}, stdio]`)
  // The comment makes `startApp` add no model: the one that is found answers.
  const whole = `${text}\n# {base_url}\n`
  if (file !== 'openapi/library') return { text: whole, hosts: [] }
  const host = `127.0.0.1:${await startLibrary()}`
  return { text: whole.replaceAll('127.0.0.1:8090', host), hosts: ['--allow-host', host] }
}

function startLibrary(): Promise<number> {
  return new Promise((resolve) => {
    const options = { fetch: createLibrary().fetch, hostname: '127.0.0.1', port: 0 }
    const server = serve(options, ({ port }) => resolve(port))
    onTestFinished(() => void server.close())
  })
}

function endsOf(events: Parameters<typeof ofType>[0]): [string, string][] {
  return ofType(events, 'tool_call_response').map(({ tool_call, state }) => [
    tool_call.function.name,
    state,
  ])
}

/** The answer of the last run. */
async function lastText({ client }: App, session: string): Promise<string | undefined> {
  const { data } = await client.GET('/api/sessions/{session}', { params: { path: { session } } })
  return data.messages.at(-1)?.content
}
