import { afterAll, beforeAll, expect, test } from 'vitest'
import { exampleExport, type House, openHouse } from './house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house.close())

const answers: [string, string, unknown, number][] = [
  [
    'GET',
    '/api/sessions?limit=5&order=asc&agent=assistant&status=idle&q=x&metadata=%7B%7D',
    undefined,
    200,
  ],
  ['POST', '/api/sessions', {}, 201],
  ['POST', '/api/sessions', undefined, 201],
  ['GET', '/api/sessions/ses_1', undefined, 200],
  ['PATCH', '/api/sessions/mine', { thinking: false, title: 'A' }, 200],
  ['PATCH', '/api/sessions/ses_1/title', { title: 'A' }, 200],
  ['PATCH', '/api/sessions/ses_1/permissions', { permissions: { deny: ['shell'] } }, 200],
  ['DELETE', '/api/sessions/ses_1', undefined, 204],
  ['GET', '/api/sessions/ses_1/messages', undefined, 200],
  ['GET', '/api/sessions/ses_1/messages?branch=msg_1', undefined, 200],
  ['POST', '/api/sessions/ses_1/messages/msg_1/edit', { content: '', on_busy: 'steer' }, 422],
  ['POST', '/api/sessions/nobody/messages/msg_1/edit', { content: 'Hi' }, 404],
  ['POST', '/api/sessions/nobody/messages/msg_1/regenerate', undefined, 404],
  ['POST', '/api/sessions/ses_1/fork', undefined, 201],
  ['POST', '/api/sessions/ses_1/fork', { message_id: 'msg_1', title: 'B' }, 201],
  ['POST', '/api/sessions/ses_1/fork', { from: 'msg_1' }, 422],
  ['POST', '/api/sessions/nobody/fork', {}, 404],
  ['GET', '/api/sessions/ses_1/export', undefined, 200],
  ['GET', '/api/sessions/nobody/export', undefined, 404],
  ['POST', '/api/sessions/import', exampleExport, 201],
  ['POST', '/api/sessions/import', { ...exampleExport, version: 2 }, 422],
  ['POST', '/api/sessions/import', { ...exampleExport, more: 1 }, 422],
  ['POST', '/api/sessions/import', {}, 422],
  ['GET', '/api/sessions/ses_1/runs', undefined, 200],
  ['GET', '/api/runs/run_1', undefined, 200],
  ['POST', '/api/runs/run_1/cancel', undefined, 200],
  [
    'POST',
    '/api/sessions/ses_1/resume',
    { confirmation: 'approve-tool', arguments: { a: 1 } },
    200,
  ],
  ['POST', '/api/sessions/ses_1/elicitation', { action: 'accept', content: {} }, 200],
  ['POST', '/api/sessions/ses_1/tool-results', { tool_call_id: 'c1', output: 'x' }, 200],
  ['POST', '/api/sessions/ses_1/tools/toggle', undefined, 200],
  ['POST', '/api/sessions/ses_1/thinking/toggle', undefined, 200],
  ['GET', '/api/approvals?status=pending&session=ses_1', undefined, 200],
  ['GET', '/api/agents', undefined, 200],
  ['GET', '/api/agents/assistant', undefined, 200],
  ['GET', '/api/agents/assistant/root/tools/count', undefined, 200],
  ['GET', '/api/agents/assistant/sessions', undefined, 200],
  ['POST', '/api/agents', { name: 'a', system_prompt: 'x' }, 201],
  ['POST', '/api/agents', { name: 'a', config: { agents: { root: {} } } }, 201],
  ['PUT', '/api/agents/assistant', { description: null }, 200],
  ['DELETE', '/api/agents/assistant', undefined, 409],
  ['POST', '/api/agents/assistant/duplicate', { new_name: 'b' }, 201],
  ['POST', '/api/agents/assistant/reload', undefined, 200],
  ['GET', '/api/agents/assistant/config', undefined, 200],
  ['GET', '/api/agents/assistant/prompt', undefined, 200],
  ['PUT', '/api/agents/assistant/prompt', { content: 'x' }, 200],
  ['GET', '/api/agents/assistant/versions', undefined, 200],
  ['GET', '/api/agents/assistant/versions/v1', undefined, 200],
  ['POST', '/api/agents/assistant/versions/v1/restore', undefined, 200],
  ['GET', '/api/agents/assistant/tools', undefined, 200],
  ['GET', '/api/agents/assistant/tools/read_file', undefined, 200],
  ['GET', '/api/agents/assistant/tools/nothing', undefined, 404],
  ['PUT', '/api/agents/assistant/tools/read_file', {}, 422],
  ['DELETE', '/api/agents/assistant/tools/read_file', undefined, 422],
  [
    'POST',
    '/api/agents/assistant/tools',
    { name: 'a', schema_json: '{}', python_code: 'def run(): pass' },
    403,
  ],
  ['POST', '/api/agents/assistant/tools', { name: 'a', schema_json: '{}' }, 422],
  ['POST', '/api/agents', { name: '../a', system_prompt: 'x' }, 422],
  ['POST', '/api/agents', { name: 'a', config: { agents: { root: { modle: 'x' } } } }, 422],
  ['PUT', '/api/agents/assistant', { description: 'x', config: { agents: { root: {} } } }, 422],
  ['GET', '/api/peers', undefined, 200],
  ['GET', '/api/stats', undefined, 200],
  ['GET', '/api/models', undefined, 200],
  ['GET', '/api/ping', undefined, 200],
  ['GET', '/health', undefined, 200],
  ['GET', '/live', undefined, 200],
  ['GET', '/ready', undefined, 200],
  ['GET', '/api/sessions/nobody', undefined, 404],
  ['PATCH', '/api/sessions/nobody', {}, 404],
  ['DELETE', '/api/sessions/nobody', undefined, 404],
  ['GET', '/api/sessions/nobody/messages', undefined, 404],
  ['GET', '/api/sessions/nobody/runs', undefined, 404],
  ['GET', '/api/sessions/nobody/events', undefined, 404],
  ['GET', '/api/runs/nobody', undefined, 404],
  ['GET', '/api/runs/nobody/events', undefined, 404],
  ['GET', '/api/agents/nobody', undefined, 404],
  ['GET', '/api/agents/nobody/sessions', undefined, 404],
  ['GET', '/api/agents/assistant/nobody/tools/count', undefined, 404],
  ['POST', '/api/sessions/nobody/chat', { message: 'Hi' }, 404],
  ['POST', '/api/sessions/ses_1/agent/nobody', [], 404],
  ['POST', '/api/sessions', { external_id: 'taken' }, 409],
  ['POST', '/api/sessions/busy/agent/assistant', [], 409],
  ['POST', '/api/sessions/ses_1/cancel', undefined, 409],
  ['POST', '/api/approvals/apr_1', { decision: 'approve' }, 409],
  ['POST', '/api/sessions', { agent: 'nobody' }, 422],
  ['POST', '/api/sessions', { max_iterations: 0 }, 422],
  ['GET', '/api/sessions?limit=0', undefined, 422],
  ['GET', '/api/sessions?limit=501', undefined, 422],
  ['GET', '/api/sessions?limit=5e1', undefined, 422],
  ['GET', '/api/sessions?metadata=[]', undefined, 422],
  ['GET', '/api/sessions/a%00b', undefined, 422],
]

test.each(answers)(
  '%s %s %j answers %i as the contract says',
  async (method, path, body, status) => {
    const json =
      body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await house.fetch(path, { method, ...json })
    expect(response.status).toBe(status)
    await response.arrayBuffer()
  },
)

test('a new session tells where it is', async () => {
  const response = await house.post('/api/sessions', { title: 'Plans' })
  expect(response.headers.get('location')).toBe('/api/sessions/ses_1')
  expect(await response.json()).toMatchObject({ id: 'ses_1', title: 'Plans' })
})

test('a busy session names its active run', async () => {
  const response = await house.post('/api/sessions/busy/agent/assistant', [])
  expect(await response.json()).toMatchObject({ code: 'session_busy', active_run_id: 'run_9' })
})

test('a server that is not ready says why', async () => {
  const draining = await openHouse({ overrides: { notReady: async () => ['it drains'] } })
  const response = await draining.fetch('/ready')
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await response.json()).toMatchObject({
    code: 'unavailable',
    detail: 'Not ready: it drains',
  })
  await draining.close()
})
