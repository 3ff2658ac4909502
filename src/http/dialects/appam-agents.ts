import { Problem } from '#contract/problem.ts'
import {
  agentNotFound,
  CreateAgentRequest,
  checkAgentName,
  DuplicateAgentRequest,
  findAgent,
  readBody,
  UpdateAgentRequest,
  UpdatePromptRequest,
} from './appam-requests.ts'
import { parsedConfig, writeConfig } from './appam-toml.ts'
import { toDetail } from './appam-tools.ts'
import { type Answer, type Call, json } from './dialect.ts'

type House = Call['house']
type Snapshot = ReturnType<typeof findAgent>

export async function list({ house }: Call): Promise<Answer> {
  return json(await Promise.all(house.agents.list().map((snapshot) => toInfo(house, snapshot))))
}

export async function show(call: Call): Promise<Answer> {
  return json(await toInfo(call.house, findAgent(call)))
}

export async function create(call: Call): Promise<Answer> {
  const { house } = call
  const { name, system_prompt, ...fields } = await readBody(call, CreateAgentRequest)
  checkAgentName(name)
  const agent = { name, system_prompt, ...given(fields) }
  const snapshot = await house.agents.edits.create(house.agents.author(), agent, 'toml')
  return json(await toInfo(house, snapshot))
}

/** A description or version that is empty goes away; a model can only be another. */
export async function update(call: Call): Promise<Answer> {
  const { house } = call
  const { name } = findAgent(call)
  const { model, description, version } = await readBody(call, UpdateAgentRequest)
  const patch = {
    ...given({ model }),
    ...(typeof description === 'string' && { description: description || null }),
    ...(typeof version === 'string' && { version: version || null }),
  }
  const snapshot = await house.agents.edits.update(house.agents.author(), name, patch, {})
  return json(await toInfo(house, snapshot))
}

export async function remove(call: Call): Promise<Answer> {
  const { agents } = call.house
  await agents.edits.remove(agents.author(), findAgent(call).name, {})
  return json({ success: true })
}

export async function config(call: Call): Promise<Answer> {
  const { agents } = call.house
  const snapshot = findAgent(call)
  const { name, prompt, format, text } = await agents.edits.config(agents.author(), snapshot.name)
  const tools = await agents.allTools(snapshot)
  const { model, description } = await agents.summarize(snapshot)
  const { version } = snapshot.file.metadata ?? {}
  const written = format === 'toml'
  const toml = written ? text : writeConfig({ name, model, description, version, tools })
  return json({
    name,
    config_toml: toml,
    config_parsed: parsedConfig(toml),
    prompt_content: prompt,
    tools_details: tools.map(toDetail),
    // Where the paths of the layout begin; not where the server keeps it.
    base_path: `agents/${name}`,
  })
}

export async function prompt(call: Call): Promise<Answer> {
  const { agents } = call.house
  const { prompt: body } = await agents.edits.config(agents.author(), findAgent(call).name)
  return { type: 'text', status: 200, body }
}

export async function updatePrompt(call: Call): Promise<Answer> {
  const { agents } = call.house
  const { name } = findAgent(call)
  const { content } = await readBody(call, UpdatePromptRequest)
  await agents.edits.updatePrompt(agents.author(), name, content, {})
  return json({ success: true })
}

/** A file that is new may not be served yet, so the name is not looked up before. */
export async function reload({ params: { name = '' }, house }: Call): Promise<Answer> {
  try {
    await house.agents.edits.reload(house.agents.author(), name)
  } catch (error) {
    const isMissing = error instanceof Problem && error.code === 'not_found'
    throw isMissing ? agentNotFound(name) : error
  }
  return json({ reloaded_count: 1 })
}

export async function duplicate(call: Call): Promise<Answer> {
  const { house } = call
  const { new_name: copy } = await readBody(call, DuplicateAgentRequest)
  checkAgentName(copy)
  const { name } = findAgent(call)
  const snapshot = await house.agents.edits.duplicate(house.agents.author(), name, copy)
  return json(await toInfo(house, snapshot))
}

export async function stats({ house }: Call): Promise<Answer> {
  const { session_count } = await house.stats()
  return json({ agent_count: house.agents.list().length, session_count })
}

/** The model that an agent's file names, else the one that the server would take. */
export async function modelOf(house: House, named: string | null | undefined): Promise<string> {
  if (named && named !== 'auto') return named
  const models = await house.models()
  return (models.find(({ is_default }) => is_default) ?? models[0])?.id ?? 'auto'
}

async function toInfo(house: House, snapshot: Snapshot) {
  const { name, model, description, tool_count, tools } = await house.agents.summarize(snapshot)
  return {
    name,
    model: await modelOf(house, model),
    description: description || null,
    version: snapshot.file.metadata?.version ?? null,
    tool_count,
    tools,
  }
}

/** The fields that say something; null is the same as missing. */
function given(fields: Record<string, string | null | undefined>): Given {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value))
}

type Given = { model?: string; description?: string; version?: string }
