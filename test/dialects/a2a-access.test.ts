import { expect, test } from 'vitest'
import type { NewKey } from '#contract/key.ts'
import { startApp } from '../support/app.ts'
import { connectA2a, nameOf, say, sendFor } from './a2a-client.ts'

const operator = 'the-operators-own-key'
const app = await startApp({
  lifetime: 'file',
  flags: ['--http-token', operator],
  token: operator,
})
const { url, model } = app
const write = { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }] }

test('the card takes a key, and says so', async () => {
  const place = `${url}/a2a/assistant/.well-known/agent-card.json`
  expect((await fetch(place)).status).toBe(401)
  expect((await fetch(`${url}/.well-known/agent-card.json`)).status).toBe(401)
  const headers = { authorization: `Bearer ${await makeKey(['read'])}` }
  expect(await (await fetch(place, { headers })).json()).toMatchObject({
    securitySchemes: { bearer: { httpAuthSecurityScheme: { scheme: 'bearer' } } },
    securityRequirements: [{ schemes: { bearer: { list: [] } } }],
  })
})

test.each(['JSONRPC', 'HTTP+JSON'] as const)(
  'over %s a task of another owner is not found',
  async (binding) => {
    const one = await connectA2a(url, {
      binding,
      token: await makeKey(['runs', 'sessions'], 'one'),
    })
    const two = await connectA2a(url, {
      binding,
      token: await makeKey(['runs', 'sessions'], 'two'),
    })
    model.push({ text: 'Secret' })
    const { id } = await sendFor(one, { text: 'Hi' })
    const notFound = { name: 'TaskNotFoundError' }
    await expect(two.getTask({ tenant: '', id })).rejects.toMatchObject(notFound)
    const cancelled = two.cancelTask({ tenant: '', id, metadata: undefined })
    await expect(cancelled).rejects.toMatchObject(notFound)
    await expect(two.sendMessage(say({ text: 'More', taskId: id }))).rejects.toMatchObject(notFound)
    const followed = two.resubscribeTask({ tenant: '', id }).next()
    await expect(followed).rejects.toMatchObject(notFound)
  },
)

test.each(['JSONRPC', 'HTTP+JSON'] as const)(
  'over %s a key does what its scopes say',
  async (binding) => {
    const reader = await connectA2a(url, { binding, token: await makeKey(['read']) })
    await expect(reader.sendMessage(say({ text: 'Hi' }))).rejects.toThrow(/scope runs/)
    const runner = await connectA2a(url, { binding, token: await makeKey(['runs', 'sessions']) })
    model.push(write, { text: 'Written' })
    const { id: taskId } = await sendFor(runner, { text: 'Write' })
    await expect(runner.sendMessage(say({ text: 'approve', taskId }))).rejects.toThrow(/approvals/)
    const approver = await connectA2a(url, { binding, token: await makeKey(['runs', 'approvals']) })
    expect(nameOf(await sendFor(approver, { text: 'approve', taskId }))).toBe('COMPLETED')
  },
)

async function makeKey(scopes: NewKey['scopes'], owner = 'one'): Promise<string> {
  const { data } = await app.client.POST('/api/keys', { body: { name: 'test', scopes, owner } })
  return data.key
}
