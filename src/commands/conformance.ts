import { didYouMean } from '#agents/nearest.ts'
import { invalid, lastOf, readSwitch, withVariables } from '../settings.ts'
import { type Given, readArguments } from './arguments.ts'
import { runSuite, type SuiteResult, type Target } from './conformance/suite.ts'
import { suites } from './conformance/suites.ts'
import { conformanceOptions } from './conformance-options.ts'
import { exitCodes, UsageError } from './failure.ts'
import type { World } from './world.ts'

/** Runs the clients that others wrote against a server, and says which of them it can talk to. */
export async function conformance(argv: readonly string[], world: World): Promise<number> {
  const { positionals, given } = readArguments(argv, conformanceOptions)
  const settings = withVariables(given, world.environment, conformanceOptions)
  const url = readUrl(positionals)
  const chosen = chooseSuites(settings.get('suite'))
  const asJson = readSwitch(settings.get('json'))
  const target = await openTarget({
    url,
    key: lastOf(settings.get('key')),
    agent: lastOf(settings.get('agent')),
  })
  if (!asJson) world.write(`${url}, agent ${target.agent}\n`)
  const results: SuiteResult[] = []
  for (const suite of chosen) {
    const result = await runSuite(suite, target)
    results.push(result)
    if (!asJson) for (const line of describe(result)) world.write(line)
  }
  if (asJson) world.write(JSON.stringify({ url, agent: target.agent, suites: results }, null, 2))
  const failed = results.some(({ status }) => status === 'failed')
  return failed ? exitCodes.failure : exitCodes.ok
}

function readUrl([text, ...rest]: string[]): string {
  if (text === undefined || rest.length > 0) {
    throw new UsageError('name one server: parley conformance http://127.0.0.1:8080')
  }
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new UsageError(`${JSON.stringify(text)} is no http(s) URL of a server`)
  }
  return url.href.replace(/\/+$/, '')
}

function chooseSuites(given: Given | undefined) {
  const names = suites.map(({ name }) => name)
  const unknown = given?.values.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const hint = didYouMean(unknown, names) || `; there are: ${names.join(', ')}`
    throw invalid(given, `there is no suite ${JSON.stringify(unknown)}${hint}`)
  }
  return suites.filter(({ name }) => !given || given.values.includes(name))
}

/** Throws one clear Error when there is no server at all. */
async function openTarget({
  url,
  key,
  agent,
}: {
  url: string
  key: string | undefined
  agent: string | undefined
}): Promise<Target> {
  const headers: Record<string, string> =
    key === undefined ? {} : { Authorization: `Bearer ${key}` }
  const names = await listAgents(url, headers)
  // A server that names no agent may know one all the same; if not, the checks say so.
  const usual = names.length === 1 ? names[0] : names.find((name) => name === 'default')
  return { url, key, headers, agent: agent ?? usual ?? names.toSorted()[0] ?? 'default' }
}

/** Where servers name their agents, by what has their root and what is turned off. */
const listings = ['/parley/api/agents', '/api/agents', '/v1/models']

async function listAgents(url: string, headers: Record<string, string>): Promise<string[]> {
  for (const path of listings) {
    const found = await readJson(url + path, headers).catch((error: unknown) => {
      throw new Error(`${url} gives no answer: ${causeOf(error)}`, { cause: error })
    })
    const listed = Array.isArray(found) ? found : Object.values(Object(Object(found).data))
    const names = listed.map((each) => Object(each).name ?? Object(each).id)
    const agents = names.filter((name) => typeof name === 'string' && !name.includes('/'))
    if (agents.length > 0) return agents
  }
  return []
}

/** null for what is no JSON. */
async function readJson(url: string, headers: Record<string, string>): Promise<unknown> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) })
  return response.json().catch(() => null)
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  return cause instanceof Error ? cause.message : String(cause)
}

const column = 18

function describe(result: SuiteResult): string[] {
  const start = result.suite.padEnd(column)
  if (result.status === 'skipped') return [`${start}skipped: ${result.why}`]
  const failed = result.checks.filter(({ passed }) => !passed)
  const passed = `${result.checks.length - failed.length} passed`
  if (failed.length === 0) return [start + passed]
  const faults = failed.map(({ name, why }) => `  ✗ ${name}: ${why}`)
  return [`${start}${passed}, ${failed.length} failed`, ...faults]
}
