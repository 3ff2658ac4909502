import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'

/** An MCP server over stdio with one tool, which tells how it was started; `--slow` waits first. */
const server = new McpServer({ name: 'probe', version: '1' })
server.registerTool('tell', { description: 'Tells how the server was started' }, async () => {
  const args = process.argv.slice(2)
  if (args.includes('--slow')) await new Promise((resolve) => setTimeout(resolve, 1500))
  const told = { directory: process.cwd(), args, probe: process.env.PROBE ?? null }
  return { content: [{ type: 'text', text: JSON.stringify(told) }] }
})
await server.connect(new StdioServerTransport())
