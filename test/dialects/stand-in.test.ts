import { expect, test } from 'vitest'
import { followRun } from '#client/index.ts'
import { standInNames } from '../../src/dialects.ts'
import { type App, startApp } from '../support/app.ts'
import { createAppamClient, textOf } from './appam-client.ts'
import { createCagentClient } from './cagent-client.ts'

/** How each is greeted at the root, as its documentation shows; answers what it said. */
const greetings: Record<string, (url: string) => Promise<unknown>> = {
  appam: async (url) =>
    textOf(await createAppamClient(url).chat('/api/agents/assistant/chat', 'Hi')),
  async cagent(url) {
    const client = createCagentClient(url)
    const events = await client.run(`${await client.newSession()}/agent/assistant`, 'Hi')
    return events.map(({ type, content }) => (type === 'agent_choice' ? content : '')).join('')
  },
  kawai: async (url) => (await post(`${url}/chat`, { message: 'Hi' })).answer,
  pawan: async (url) => (await post(`${url}/chat`, { message: 'Hi' })).content,
  ra: async (url) =>
    (await post(`${url}/chat/sync`, { messages: [{ role: 'user', content: 'Hi' }] })).response,
}

/** A path that none of its clients ask for, and what it says about it. */
const refusals: Record<string, object> = {
  appam: { error: expect.any(String) },
  cagent: { message: expect.any(String) },
  kawai: { detail: 'Not Found' },
  pawan: { error: expect.any(String) },
  ra: { error: 'Not Found' },
}

test.each(standInNames())(
  'as %s the root is its own, and Parley is under /parley',
  async (name) => {
    const other = name === 'ra' ? 'kawai' : 'ra'
    const off = ['--no-dialect', other, '--no-dialect', 'mcp']
    const app = await startApp({ flags: ['--as', name, ...off] })
    app.model.push({ text: 'At the root' }, { text: 'Under parley' }, { text: 'At its mount' })
    expect(await greetings[name]?.(app.url)).toBe('At the root')
    await expectNative(app)
    await expectPages(app)
    expect(await greetings[name]?.(`${app.url}/compat/${name}`)).toBe('At its mount')
    const kept = ['/live', '/ready', '/metrics', '/v1/models', '/.well-known/agent-card.json']
    for (const path of kept) expect([path, await statusOf(app.url + path)]).toEqual([path, 200])
    // For those who watch the server it speaks as ever.
    expect((await (await fetch(`${app.url}/ready`, { method: 'POST' })).json()).code).toBe(
      'method_not_allowed',
    )
    const nowhere = await fetch(`${app.url}/api/approvals`)
    expect([nowhere.status, await nowhere.json()]).toEqual([
      404,
      expect.objectContaining(refusals[name]),
    ])
    for (const path of [`/compat/${other}/chat`, '/mcp']) {
      const answer = await fetch(app.url + path, { method: 'POST', body: '{}' })
      expect([path, answer.status]).toEqual([path, 404])
    }
  },
)

/** The built client with `/parley` in its base URL; links of answers stand there too. */
async function expectNative({ client, url }: App) {
  const { data: session, response } = await client.POST('/api/sessions', { body: {} })
  expect(response.headers.get('location')).toBe(`/parley/api/sessions/${session.id}`)
  const path = { session: session.id, agent: 'assistant' }
  const { data: run, response: begun } = await client.POST(
    '/api/sessions/{session}/agent/{agent}',
    {
      params: { path, header: { prefer: 'respond-async' } },
      body: { messages: [{ role: 'user', content: 'Hi' }] },
    },
  )
  if ('run' in run) throw new Error('the answer is no run')
  const events = `/parley/api/runs/${run.id}/events`
  expect(begun.headers.get('content-location')).toBe(events)
  const types: string[] = []
  for await (const { type } of followRun(client, { runId: run.id })) types.push(type)
  expect(types.at(-1)).toBe('stream_stopped')
  expect((await fetch(`${url}${events}`)).headers.get('content-type')).toBe('text/event-stream')
}

/** Pages for people lead to what is there. */
async function expectPages({ url }: App) {
  const document = await (await fetch(`${url}/parley/openapi.json`)).json()
  expect(document.servers).toEqual([{ url: '/parley', description: 'This server' }])
  const landing = await fetch(`${url}/parley`)
  expect(landing.url).toBe(`${url}/parley/`)
  const reference = await fetch(`${url}/parley/docs`)
  const links = [...(await linksOf(landing)), ...(await linksOf(reference))]
  expect(links).toContain(`${url}/parley/docs/scalar.js`)
  for (const link of links) {
    expect(link).toMatch(new RegExp(`^${url}/parley/`))
    expect([link, await statusOf(link)]).toEqual([link, 200])
  }
  expect((await (await fetch(`${url}/parley/nothing`)).json()).code).toBe('not_found')
}

/** Where a page leads on this server. */
async function linksOf(page: Response): Promise<string[]> {
  const links = (await page.text()).matchAll(/(?:href|src)="([^"#]+)"/g)
  const { origin } = new URL(page.url)
  const places = Array.from(links, ([, link = '']) => new URL(link, page.url).href)
  return places.filter((place) => place.startsWith(origin))
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'Content-Type': 'application/json' }
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json()
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url)
  await response.body?.cancel()
  return response.status
}
