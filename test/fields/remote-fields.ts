import { expect } from 'vitest'
import { ofType } from '../journeys/conversation.ts'
import { inToolset } from './in-toolset.ts'
import {
  callOnce,
  fileOf,
  type Look,
  offered,
  ofToolset,
  type Probe,
  prompted,
  told,
  toolsOf,
} from './probe.ts'
import { mcpCommand } from './toolset-samples.ts'

type Fields = Record<string, unknown>

/** The fields of toolsets that speak to somebody else, who is at `url`. */
export function remoteFields(url: string): Record<string, Probe> {
  const api = apiFields(url)
  // Beside the other fields, `instruction` is what it is in every toolset.
  const { instruction: _, ...flat } = api((request) => request)
  const nested = api((request) => ({ api_config: request }))
  return {
    ...inToolset('api', {
      ...flat,
      ...Object.fromEntries(
        Object.entries(nested).map(([name, probe]) => [`api_config.${name}`, probe]),
      ),
      timeout: ofToolset(
        'api',
        { timeout: 0.2 },
        { both: { name: 'call', endpoint: `${url}/slow` }, look: told('call'), shows: failed },
      ),
    }),
    ...inToolset('openapi', openApiFields(url)),
    ...inToolset('web_search', searchFields(url)),
    ...inToolset('mcp', { ...mcpFields(url, inEntry), ref: mcpReferences() }),
    ...Object.fromEntries(
      Object.entries({ ...mcpFields(url, inMcps), ...mcpsCommonFields() }).map(([name, probe]) => [
        `mcps.*.${name}`,
        probe,
      ]),
    ),
    ...inToolset('a2a', a2aFields(url)),
  }
}

/** The service's answer says which method it was asked with. */
const failed = expect.not.stringContaining('"method"')
const movedUrl = expect.stringContaining('"url":"/moved/echo"')
const keyed = expect.stringContaining('"key":"mine"')
const headers = { 'X-Key': 'mine' }
const names: Look = offered
const first: Look = async ({ run }) => toolsOf(await run())[0]

/** The fields of an HTTP tool, wherever in the entry they stand. */
function apiFields(url: string) {
  return (place: (request: Fields) => Fields) => {
    const base = { name: 'call', endpoint: `${url}/echo` }
    const of = (field: Fields, look: Look, shows: unknown, unlike: Fields = {}) =>
      ofToolset('api', place({ ...base, ...field }), {
        unlike: place({ ...base, ...unlike }),
        look,
        shows,
      })
    const args = { word: { type: 'string' } }
    const parameters = (more: object) => expect.objectContaining({ parameters: more })
    return {
      name: of({ name: 'other' }, names, ['other']),
      description: of(
        { description: 'Calls' },
        first,
        expect.objectContaining({ description: 'Calls' }),
      ),
      instruction: of(
        { instruction: 'Asks' },
        first,
        expect.objectContaining({ description: 'Asks' }),
      ),
      endpoint: of({ endpoint: `${url}/moved/echo` }, told('call'), movedUrl),
      method: of({ method: 'POST' }, told('call'), expect.stringContaining('"method":"POST"')),
      args: of({ args }, first, parameters(expect.objectContaining({ properties: args }))),
      required: of(
        { args, required: ['word'] },
        first,
        parameters(expect.objectContaining({ required: ['word'] })),
        { args },
      ),
      headers: of({ headers }, told('call'), keyed),
      output_schema: of(
        { output_schema: { type: 'object', required: ['price'] } },
        told('call'),
        expect.stringContaining('price'),
      ),
    }
  }
}

function openApiFields(url: string): Record<string, Probe> {
  const both = { url: `${url}/openapi.json` }
  const of = (field: Fields, look: Look, shows: unknown) =>
    ofToolset('openapi', field, { both, look, shows })
  return {
    url: ofToolset('openapi', both, {
      unlike: { url: `${url}/echo` },
      look: names,
      shows: ['getEcho', 'postEcho', 'getSlow'],
    }),
    file: ofToolset(
      'openapi',
      { file: './files/openapi.json', base_url: url },
      {
        unlike: both,
        look: names,
        shows: ['fromFile'],
      },
    ),
    base_url: of({ base_url: `${url}/moved` }, told('getEcho'), movedUrl),
    headers: of({ headers }, told('getEcho'), keyed),
    timeout: of({ timeout: 0.2 }, told('getSlow'), failed),
    'filter.operations': of({ filter: { operations: ['getEcho'] } }, names, ['getEcho']),
    'filter.tags': of({ filter: { tags: ['write'] } }, names, ['postEcho']),
    'filter.paths': of({ filter: { paths: ['/sl*'] } }, names, ['getSlow']),
    'filter.methods': of({ filter: { methods: ['post'] } }, names, ['postEcho']),
  }
}

function searchFields(url: string): Record<string, Probe> {
  const search = told('web_search', { query: 'parley' })
  const tavily = { provider: 'tavily', url: `${url}/tavily` }
  const searxng = { provider: 'searxng', url: `${url}/searxng` }
  const of = (field: Fields, unlike: Fields, shows: unknown) =>
    ofToolset('web_search', field, { unlike, look: search, shows })
  return {
    provider: of(tavily, { ...searxng, url: tavily.url }, expect.stringContaining('Result 1')),
    url: of(
      searxng,
      { ...searxng, url: `${url}/echo` },
      expect.stringContaining('An agent server'),
    ),
    token_key: of(
      { provider: 'serper', url: `${url}/serper`, token_key: 'PROBE_SEARCH_KEY' },
      { provider: 'serper', url: `${url}/serper` },
      expect.stringContaining('An agent server'),
    ),
    max_results: of({ ...tavily, max_results: 2 }, tavily, expect.not.stringContaining('Result 3')),
    timeout: of(
      { ...searxng, url: `${url}/slow`, timeout: 0.2 },
      { ...searxng, url: `${url}/slow` },
      expect.stringContaining('within 200'),
    ),
  }
}

type Place = (field: Fields, difference: { unlike: Fields; look: Look; shows: unknown }) => Probe

/** A server that the toolset itself describes. */
const inEntry: Place = (field, difference) => ofToolset('mcp', field, difference)

/** A server under `mcps:`, to which the toolset refers. */
const inMcps: Place = (field, { unlike, look, shows }) => {
  const withServer = (server: Fields) =>
    fileOf({ toolsets: [{ type: 'mcp', ref: 'server' }] }, { mcps: { server } })
  return { file: withServer(field), unlike: withServer(unlike), look, shows }
}

function mcpFields(url: string, at: Place): Record<string, Probe> {
  const command = mcpCommand()
  const of = (field: Fields, look: Look, shows: unknown, unlike: Fields = {}) =>
    at({ ...command, ...field }, { unlike: { ...command, ...unlike }, look, shows })
  const remote = (own: Fields) => ({ remote: { url: `${url}/mcp`, ...own } })
  const ofRemote = (field: Fields, look: Look, shows: unknown, unlike: Fields = {}) =>
    at(remote(field), { unlike: remote(unlike), look, shows })
  const sse = { url: `${url}/sse` }
  const missing = { command: 'no-such-server' }
  return {
    name: of({ name: 'my' }, offered, ['my_tell']),
    command: of({}, offered, ['tell'], missing),
    args: of(mcpCommand('--mine'), told('tell'), expect.stringContaining('"args":["--mine"]')),
    env: of({ env: { PROBE: 'yes' } }, told('tell'), expect.stringContaining('"probe":"yes"')),
    working_dir: of({ working_dir: './other' }, told('tell'), expect.stringContaining('/other"')),
    version: of(
      { ...missing, version: 'a-package' },
      warned,
      [expect.stringContaining('a-package')],
      missing,
    ),
    timeout: of(
      { ...mcpCommand('--slow'), timeout: 0.2 },
      told('tell'),
      expect.not.stringContaining('--slow'),
      mcpCommand('--slow'),
    ),
    'remote.url': ofRemote({}, offered, ['key'], { url: `${url}/echo` }),
    'remote.headers': ofRemote({ headers }, told('key'), 'key mine'),
    'remote.transport': ofRemote({ ...sse, transport: 'sse' }, offered, ['key'], sse),
    'remote.transport_type': ofRemote({ ...sse, transport_type: 'sse' }, offered, ['key'], sse),
  }
}

const warned: Look = async ({ run }) =>
  ofType((await run()).events, 'warning').map(({ message }) => message)

/** A toolset that names a server, and one of the catalog of Docker, which is not there. */
function mcpReferences(): Probe {
  const mcps = { one: mcpCommand(), two: { ...mcpCommand(), name: 'other' } }
  return ofToolset(
    'mcp',
    { ref: 'one' },
    {
      unlike: { ref: 'two' },
      beside: { mcps },
      look: offered,
      shows: ['tell'],
    },
  )
}

/** Fields of a server that every toolset has. */
function mcpsCommonFields(): Record<string, Probe> {
  const command = mcpCommand()
  const of = (field: Fields, look: Look, shows: unknown, unlike: Fields = {}) =>
    inMcps({ ...command, ...field }, { unlike: { ...command, ...unlike }, look, shows })
  const modelAfter: Look = async (subject) => {
    const { requests } = await callOnce(subject, 'tell', {})
    return requests.at(-1)?.body.model
  }
  return {
    tools: of({ tools: ['tell'] }, offered, ['tell'], { tools: ['no_such_tool'] }),
    instruction: of({ instruction: 'Mind the gap.' }, prompted('Mind the gap.'), true),
    model: of({ model: 'scripted/after' }, modelAfter, 'after'),
    defer: of({ defer: true }, offered, ['search_tools']),
    ref: inMcps(
      { ref: 'docker:no-such-server' },
      { unlike: command, look: warned, shows: [expect.stringContaining('docker')] },
    ),
  }
}

function a2aFields(url: string): Record<string, Probe> {
  const both = { url: `${url}/agent` }
  const say = (name: string) => told(name, { message: 'Hi' })
  return {
    name: ofToolset('a2a', { name: 'mine' }, { both, look: names, shows: ['mine'] }),
    url: ofToolset('a2a', both, { unlike: { url: `${url}/echo` }, look: names, shows: ['echo'] }),
    headers: ofToolset('a2a', { headers }, { both, look: say('echo'), shows: 'key mine' }),
    timeout: ofToolset(
      'a2a',
      { timeout: 0.2 },
      {
        both: { url: `${url}/slow/agent` },
        look: say('echo'),
        shows: expect.not.stringContaining('key'),
      },
    ),
  }
}
