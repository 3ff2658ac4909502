import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.ts'

const app = await startApp({ lifetime: 'file' })
const { url, model } = app

test('an agent is a tool, and its answer names the session to go on with', async () => {
  const client = await connect()
  const { tools } = await client.listTools()
  expect(tools).toMatchObject([{ name: 'assistant', description: 'Helps' }])
  model.push({ text: 'Hello!' })
  const first = await client.callTool({ name: 'assistant', arguments: { message: 'Hi' } })
  expect(first).toMatchObject({
    content: [{ type: 'text', text: 'Hello!' }],
    structuredContent: { text: 'Hello!', status: 'completed' },
  })
})

async function connect(): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)))
  onTestFinished(() => client.close())
  return client
}
