import { expect, test } from 'vitest'
import { listTools, openToolset } from '#runtime/agent-toolset.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import type { ToolsetFactory } from '#runtime/tool.ts'

const session = {
  tenant: 'default',
  owner: 'local',
  sessionId: 'ses_1',
  agentName: 'root',
  workingDir: null,
}
const snapshot: AgentSnapshot = {
  name: 'assistant',
  version: '1',
  file: { agents: { root: {} } },
  baseDirectory: '/',
  source: 'assistant.yaml',
  writable: false,
}

test('a toolset that cannot be made is a warning with the reason', async () => {
  const think: ToolsetFactory = () => {
    throw new Error('there is no room for thoughts')
  }
  expect(await toolsOf(think)).toEqual({
    tools: [],
    warnings: ['The think tools are not available: there is no room for thoughts'],
  })
})

test('a toolset of an unknown type is a warning', async () => {
  expect(await toolsOf(undefined)).toEqual({
    tools: [],
    warnings: ['The think tools are not available: this server knows no such type'],
  })
})

test('who has no more patience is told so, and the toolset is not disturbed', async () => {
  const whole = Promise.withResolvers<[]>()
  const think: ToolsetFactory = () => ({ tools: () => whole.promise })
  const set = openToolset({ type: 'think' }, { snapshot, toolsets: { think }, subAgents: [] })
  expect(await listTools(set, session, 1)).toEqual({
    tools: [],
    warnings: ['The think tools are not available: they are not known yet'],
  })
  whole.resolve([])
  expect(await listTools(set, session, 1)).toEqual({ tools: [], warnings: [] })
})

function toolsOf(think: ToolsetFactory | undefined) {
  const toolsets = think ? { think } : {}
  const set = openToolset({ type: 'think' }, { snapshot, toolsets, subAgents: [] })
  return listTools(set, session, undefined)
}
