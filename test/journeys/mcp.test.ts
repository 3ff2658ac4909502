import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { chat } from '#client/index.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import { startApp } from '../support/app.ts'

const server = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-everything/dist/index.js',
)
const helper = `
agents:
  root:
    model: scripted
    toolsets:
      - type: mcp
        name: all
        command: ${JSON.stringify(process.execPath)}
        args: [${JSON.stringify(server)}, stdio]
permissions:
  allow: ["all_*"]
`

test('an MCP server serves a run: its tools, their progress, its question to the user', async () => {
  const { client, model, events } = await startApp({ agents: { helper } })
  model.push(
    {
      toolCalls: [
        { name: 'all_trigger-long-running-operation', arguments: { duration: 0.1, steps: 2 } },
      ],
    },
    { toolCalls: [{ name: 'all_trigger-elicitation-request', arguments: {} }] },
    { toolCalls: [{ name: 'all_get-tiny-image', arguments: {} }] },
    { text: 'All done' },
  )
  let runId = ''
  for await (const event of chat(client, { message: 'Go', session_id: 'mine' })) {
    runId = event.type === 'stream_started' ? event.run_id : runId
    if (event.type !== 'elicitation_request') continue
    expect(event).toMatchObject({ mode: 'form', schema: { required: ['name'] } })
    const { response } = await client.POST('/api/sessions/{session}/elicitation', {
      params: { path: { session: 'mine' } },
      body: { action: 'accept', content: { name: 'Ada' }, elicitation_id: event.elicitation_id },
    })
    expect(response.status).toBe(200)
  }
  const log = await events(runId)
  const progress = log.flatMap((event) => (event.type === 'tool_call_output' ? event.content : []))
  expect(progress).toEqual(['1/2\n', '2/2\n'])
  const [operation, question, image] = resultsOf(log)
  expect(operation).toMatchObject({ is_error: false })
  expect(question?.output).toContain('- Name: Ada')
  expect(image?.images).toMatchObject([{ mime_type: 'image/png' }])
  expect(model.requests[0]?.body.tools?.map(({ function: { name } }) => name)).toContain('all_echo')
})

test('an agent whose MCP server is broken still answers, with a warning', async () => {
  const broken = helper.replace(JSON.stringify(process.execPath), 'no-such-mcp-server')
  const { client, model, events } = await startApp({ agents: { broken } })
  model.push({ text: 'I can still talk' })
  const { data } = await client.POST('/api/chat', { body: { message: 'Hi' } })
  expect(data).toMatchObject({ output: 'I can still talk', completed: true })
  const log = await events(data && 'run' in data ? data.run.id : '')
  expect(log).toContainEqual(
    expect.objectContaining({
      type: 'warning',
      message: expect.stringContaining('no-such-mcp-server was not found'),
    }),
  )
})

// The limit is far below the time that the server has to connect.
test('agents are listed while the MCP server of one of them hangs', {
  timeout: 15_000,
}, async () => {
  const hanging = `
agents:
  root:
    model: scripted
    toolsets:
      - { type: mcp, command: ${JSON.stringify(process.execPath)}, args: [-e, "setInterval(Date, 1000)"] }
      - { type: think }
`
  const { client } = await startApp({ agents: { hanging, helper } })
  const { data } = await client.GET('/api/agents')
  expect(data?.map(({ name, tools }) => [name, tools])).toEqual([
    ['hanging', ['think']],
    ['helper', expect.arrayContaining(['all_echo'])],
  ])
})

function resultsOf(log: RuntimeEvent[]) {
  return log.flatMap((event) => (event.type === 'tool_call_response' ? [event.result] : []))
}
