import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { expect, test } from 'vitest'
import type { NewKey } from '#contract/key.ts'
import { startApp } from '../support/app.ts'
import { type Answer, callAgent, connectMcp } from './mcp-client.ts'

const operator = 'the-operators-own-key'
const app = await startApp({
  lifetime: 'file',
  flags: ['--http-token', operator],
  token: operator,
})
const { url, model } = app
const write = { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] }
const approve: Answer = () => ({ action: 'accept', content: { decision: 'approve' } })

test('without a key the client is told how to show one', async () => {
  const refused = await fetch(`${url}/mcp`, { method: 'POST', body: '{}' })
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer realm="parley"',
  ])
  await expect(connectMcp(url)).rejects.toThrow()
  await expect(connectMcp(url, { token: 'wrong' })).rejects.toThrow()
})

test('a key that may only read lists tools and calls none', async () => {
  const client = await connectMcp(url, { token: await makeKey(['read']) })
  expect((await client.listTools()).tools).toHaveLength(1)
  await expect(callAgent(client, 'assistant', { message: 'Hi' })).rejects.toThrow('scope runs')
})

test('a key that may not approve is not asked, and its answers are refused', async () => {
  const asked: unknown[] = []
  const answer: Answer = (params) => {
    asked.push(params)
    return { action: 'accept', content: { decision: 'approve' } }
  }
  const token = await makeKey(['runs', 'sessions'])
  const client = await connectMcp(url, { token, answer })
  model.push(write)
  const { structuredContent } = await callAgent(client, 'assistant', { message: 'Write' })
  expect([asked, structuredContent.status]).toEqual([[], 'waiting'])
  const [, approval] = /(apr_\w+)/.exec(structuredContent.text) ?? []
  const reply = {
    jsonrpc: '2.0',
    id: `approval/${approval}`,
    result: { action: 'accept', content: { decision: 'approve' } },
  }
  expect((await post(token, reply)).status).toBe(403)
  const allowed = await makeKey(['approvals', 'runs'], 'somebody-else')
  expect((await post(allowed, reply)).status).toBe(202)
  expect(await statusOf(structuredContent.run_id)).toBe('waiting')
})

test('sessions, streams and cancels of another owner are not there', async () => {
  const one = await connectMcp(url, { token: await makeKey(['runs', 'sessions'], 'one') })
  const token = await makeKey(['runs', 'sessions'], 'two')
  const two = await connectMcp(url, { token })
  model.push({ text: 'Secret' }, { text: 'New' })
  const { structuredContent } = await callAgent(one, 'assistant', { message: 'Hi' })
  const { session_id, run_id } = structuredContent
  expect(await namesOf(one)).toContain(session_id)
  expect(await namesOf(two)).toEqual([])
  const uri = `parley://sessions/${session_id}`
  await expect(two.readResource({ uri })).rejects.toMatchObject({ code: -32002 })
  const id = `${run_id}:0:0:${Buffer.from('[1,null]').toString('base64url')}`
  const resumed = await fetch(`${url}/mcp`, {
    headers: { authorization: `Bearer ${token}`, 'last-event-id': id },
  })
  expect(resumed.status).toBe(404)
  const other = await callAgent(two, 'assistant', { message: 'Hi', session_id })
  expect(other.structuredContent.text).toBe('New')
  expect(JSON.stringify(model.requests.at(-1)?.body.messages)).not.toContain('Secret')
})

test('a client with the scope approves in the name of its key', async () => {
  const token = await makeKey(['runs', 'approvals'])
  const client = await connectMcp(url, { token, answer: approve })
  model.push(write, { text: 'Written' })
  const { structuredContent } = await callAgent(client, 'assistant', { message: 'Write' })
  expect(structuredContent.text).toBe('Written')
})

async function makeKey(scopes: NewKey['scopes'], owner = 'one'): Promise<string> {
  const { data } = await app.client.POST('/api/keys', { body: { name: 'test', scopes, owner } })
  return data.key
}

function post(token: string, body: object): Promise<Response> {
  return fetch(`${url}/mcp`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function statusOf(run: string): Promise<string> {
  const { data } = await app.client.GET('/api/runs/{run}', { params: { path: { run } } })
  return data.status
}

async function namesOf(client: Client): Promise<string[]> {
  return (await client.listResources()).resources.map(({ name }) => name)
}
