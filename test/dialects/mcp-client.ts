import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  type CallToolResult,
  CallToolResultSchema,
  type ElicitRequest,
  ElicitRequestSchema,
  type ElicitResult,
} from '@modelcontextprotocol/sdk/types.js'
import { onTestFinished } from 'vitest'

export type Answer = (params: ElicitRequest['params']) => ElicitResult | Promise<ElicitResult>

/** The official client; with `answer` it can ask its user. */
export async function connectMcp(
  url: string,
  {
    answer,
    token,
    fetch,
  }: { answer?: Answer; token?: string; fetch?: typeof globalThis.fetch } = {},
): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: answer ? { elicitation: { form: {}, url: {} } } : {} },
  )
  if (answer) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => Promise.resolve(answer(params)))
  }
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    ...(token !== undefined && { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
    ...(fetch && { fetch }),
    reconnectionOptions: {
      initialReconnectionDelay: 50,
      maxReconnectionDelay: 200,
      reconnectionDelayGrowFactor: 1.5,
      maxRetries: 100,
    },
  })
  // The SDK's own type has no exact optional properties.
  await client.connect(transport as Parameters<Client['connect']>[0])
  onTestFinished(() => client.close())
  return client
}

/** Calls an agent; answers its text, and what the result says besides. */
export async function callAgent(
  client: Client,
  name: string,
  given: { message?: string; session_id?: string },
  options: Parameters<Client['callTool']>[2] = {},
): Promise<CallToolResult & { structuredContent: Outcome }> {
  const result = CallToolResultSchema.parse(
    await client.callTool({ name, arguments: given }, undefined, options),
  )
  return { ...result, structuredContent: (result.structuredContent ?? {}) as Outcome }
}

export type Outcome = {
  text: string
  session_id: string
  run_id: string
  status: string
  output?: unknown
}
