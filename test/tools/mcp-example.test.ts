import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parseAgentFile } from '#agents/parse.ts'
import { mcpToolset } from './mcp-support.ts'
import { toolContext } from './tool-context.ts'

test('the example with an MCP server is right, and its server offers the tools that it names', async () => {
  const text = await readFile(
    new URL('../../examples/mcp/everything.yaml', import.meta.url),
    'utf8',
  )
  const parsed = parseAgentFile(text, { environment: {} })
  const [entry] = 'file' in parsed ? (parsed.file.agents.root?.toolsets ?? []) : []
  if (entry?.type !== 'mcp') throw new Error(JSON.stringify(parsed))
  const home = process.env.HOME ?? ''
  const toolset = mcpToolset(entry, { environment: { HOME: home } })
  const names = (await toolset.tools(toolContext())).map(({ definition }) => definition.name)
  expect(names.sort()).toEqual(entry.tools?.toSorted())
})
