import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { type Frame, openEventSource } from './event-source.ts'

const operator = 'the-operators-own-key'
const { url, model, client, restart } = await startApp({
  lifetime: 'file',
  flags: ['--http-token', operator, '--cors-origin', 'https://app.example.org'],
  token: operator,
})
const base = `${url}/compat/kawai`

test('EventSource with a ticket comes back to its run after a restart, and is told that it ended', async () => {
  model.push(
    { text: 'Let me see.', toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] },
    { text: 'Done', hold: true },
  )
  const asked = model.requests.length
  const ticket = await newTicket('page', ['run'])
  const query = new URLSearchParams({ message: 'Think', session_id: 'page', ticket })
  const frames: Frame[] = []
  let restarted: Promise<void> | undefined
  for await (const frame of openEventSource(`${base}/stream?${query}`)) {
    frames.push(frame)
    if (frame.data.step_index !== 1) continue
    // Streams end at once, so the model's answer comes when nobody looks.
    restarted = restart()
    model.release()
  }
  await restarted
  expect(frames.map(({ type }) => type)).toEqual([
    'run_start',
    'step_start',
    'reasoning',
    'tool_call',
    'tool_result',
    'step_start',
    'run_end',
  ])
  expect(frames.at(-1)?.data).toEqual({ answer: 'Done' })
  expect(frames[0]?.data.session_id).toBe('page')
  expect(model.requests).toHaveLength(asked + 2)
  expect(await statusOf(`${base}/stream?${query}`)).toBe(401)
})

test('a ticket starts one run, in its own session, and comes back to no other', async () => {
  const stream = (query: Record<string, string>, id?: string) =>
    statusOf(`${base}/stream?${new URLSearchParams({ message: 'Hi', ...query })}`, {
      ...(id !== undefined && { 'Last-Event-ID': id }),
    })
  const readOnly = await newTicket('mine', ['read'])
  expect(await stream({ session_id: 'mine', ticket: readOnly })).toBe(403)
  expect(await stream({ session_id: 'other', ticket: await newTicket('mine', ['run']) })).toBe(404)
  expect(await stream({ ticket: await newTicket('mine', ['run']) })).toBe(401)
  const ticket = await newTicket('mine', ['run'])
  expect(await stream({ session_id: 'mine', ticket }, 'run_0:1')).toBe(401)
  model.push({ text: 'Hi' })
  const theirs = await fetch(`${base}/stream?message=Hi&session_id=theirs`, {
    headers: { Authorization: `Bearer ${operator}` },
  })
  const [id = ''] = /run_[0-9a-z]+:\d+/.exec(await theirs.text()) ?? []
  model.push({ text: 'Hi' })
  expect(await stream({ session_id: 'mine', ticket })).toBe(200)
  expect(await stream({ session_id: 'mine', ticket }, id)).toBe(404)
  expect(await stream({ session_id: 'mine', ticket }, 'nonsense')).toBe(404)
})

test('a key may come as X-API-Key, as the pages of kawai suggest, on its own routes only', async () => {
  const key = { 'X-API-Key': operator }
  expect(await statusOf(`${base}/sessions/none`, key)).toBe(404)
  expect(await statusOf(`${base}/sessions/none`, { 'X-API-Key': 'wrong' })).toBe(401)
  expect(await statusOf(`${base}/sessions/none`)).toBe(401)
  expect(await statusOf(`${url}/api/sessions`, key)).toBe(401)
  const preflight = await fetch(`${base}/chat`, {
    method: 'OPTIONS',
    headers: { Origin: 'https://app.example.org' },
  })
  expect(preflight.headers.get('access-control-allow-headers')).toContain('X-API-Key')
})

async function newTicket(session: string, verbs: ('read' | 'run')[]): Promise<string> {
  await client.POST('/api/sessions', { body: { external_id: session } }).catch(() => undefined)
  const params = { path: { session } }
  const body = { verbs, single_use: true }
  return (await client.POST('/api/sessions/{session}/tokens', { params, body })).data.token
}

async function statusOf(place: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(place, { headers })
  await response.text()
  return response.status
}
