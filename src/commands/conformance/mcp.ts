import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { type Check, expectThat, type Target } from './suite.ts'

/** The official client: agents are tools. */
export function mcpChecks({ url, agent, headers }: Target): Check[] {
  const client = new Client({ name: 'parley-conformance', version: '1' })
  let session: unknown

  async function call(argument: Record<string, unknown>): Promise<Record<string, unknown>> {
    const result = await client.callTool({ name: agent, arguments: argument })
    expectThat(result.isError !== true, `it failed: ${JSON.stringify(result.content)}`)
    return Object(result.structuredContent)
  }

  return [
    {
      name: 'the client connects',
      async run() {
        const place = new URL(`${url}/mcp`)
        const transport = new StreamableHTTPClientTransport(place, { requestInit: { headers } })
        // The SDK's own type has no exact optional properties.
        await client.connect(transport as Parameters<Client['connect']>[0])
      },
    },
    {
      name: 'the agent is a tool',
      async run() {
        const names = (await client.listTools()).tools.map(({ name }) => name)
        expectThat(names.includes(agent), `${agent} is not among ${names.join(', ')}`)
      },
    },
    {
      name: 'a call is answered, and its session goes on',
      async run() {
        const first = await call({ message: 'Hello!' })
        session = first.session_id
        expectThat(Boolean(first.text), 'there is no text')
        const second = await call({ message: 'And again?', session_id: session })
        expectThat(second.session_id === session, `it went on in ${second.session_id}`)
        await client.close()
      },
    },
  ]
}
