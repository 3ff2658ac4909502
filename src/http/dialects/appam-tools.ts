import type { AgentTool } from '#contract/agent-tool.ts'
import { Problem } from '#contract/problem.ts'
import {
  CreateToolRequest,
  checkToolName,
  findAgent,
  readBody,
  UpdateToolRequest,
} from './appam-requests.ts'
import { type Answer, type Call, json } from './dialect.ts'

export async function create(call: Call): Promise<Answer> {
  const { agents } = call.house
  const input = await readBody(call, CreateToolRequest)
  checkToolName(input.name)
  const snapshot = findAgent(call)
  const known = (await agents.allTools(snapshot)).some(({ name }) => name === input.name)
  if (known) throw new Problem('conflict', `Tool '${input.name}' already exists`)
  await agents.toolEdits.create(agents.author(), snapshot.name, input, {})
  return json({ success: true })
}

export async function show(call: Call): Promise<Answer> {
  const { tool } = await findTool(call)
  return json(toDetail(tool))
}

export async function update(call: Call): Promise<Answer> {
  const { agents } = call.house
  const { agent, tool } = await findCode(call)
  const { schema_json, python_code } = await readBody(call, UpdateToolRequest)
  const patch = {
    ...(typeof schema_json === 'string' && { schema_json }),
    ...(typeof python_code === 'string' && { python_code }),
  }
  await agents.toolEdits.update(agents.author(), agent, { name: tool.name, patch }, {})
  return json({ success: true })
}

export async function remove(call: Call): Promise<Answer> {
  const { agents } = call.house
  const { agent, tool } = await findCode(call)
  await agents.toolEdits.remove(agents.author(), agent, tool.name, {})
  return json({ success: true })
}

export function toDetail({ name, schema_json, implementation, code }: AgentTool) {
  return { name, schema_json, implementation_type: implementation, code }
}

async function findTool(call: Call): Promise<{ agent: string; tool: AgentTool }> {
  const snapshot = findAgent(call)
  const tools = await call.house.agents.allTools(snapshot)
  const tool = tools.find(({ name }) => name === call.params.tool)
  if (tool) return { agent: snapshot.name, tool }
  throw new Problem('not_found', `Tool not found: ${call.params.tool}`)
}

/** Only tools that are made of code can be changed here. */
async function findCode(call: Call): Promise<{ agent: string; tool: AgentTool }> {
  const found = await findTool(call)
  const { name, implementation } = found.tool
  if (implementation !== 'builtin') return found
  throw new Problem(
    'agent_invalid',
    `Tool '${name}' is built into the server; change the toolsets of agent ${found.agent} in its file`,
  )
}
