import type { AgentCommand } from '#contract/agent-file.ts'
import { Problem } from '#contract/problem.ts'
import type { Call } from './dialect.ts'
import { type Fields, isFields } from './fields.ts'
import { listAgentTools } from './mcp-agents.ts'

/** The commands of agents: `agent.command`. */
export function listPrompts(house: Call['house']): object {
  const prompts = allPrompts(house).map(({ name, title, description }) => ({
    name,
    title,
    ...(description !== undefined && { description }),
    arguments: [{ name: 'input', description: 'What the command is for', required: false }],
  }))
  return { prompts }
}

export function getPrompt(house: Call['house'], { name, arguments: given = {} }: Fields): object {
  const prompt = allPrompts(house).find((known) => known.name === name)
  if (!prompt) throw new Problem('validation_failed', `Unknown prompt: ${name}`)
  const { input = '' } = isFields(given) ? given : {}
  if (typeof input !== 'string') throw new Problem('validation_failed', 'input must be a string')
  const text = input === '' ? prompt.instruction : `${prompt.instruction}\n\n${input}`
  return {
    ...(prompt.description !== undefined && { description: prompt.description }),
    messages: [{ role: 'user', content: { type: 'text', text } }],
  }
}

function allPrompts(house: Call['house']) {
  return listAgentTools(house).flatMap(({ name: agent, spec }) =>
    Object.entries<string | AgentCommand>(spec.commands ?? {}).map(([command, value]) => ({
      name: `${agent}.${command}`,
      title: `${agent}: ${command}`,
      ...toCommand(value),
    })),
  )
}

function toCommand(value: string | AgentCommand) {
  if (typeof value === 'string') return { instruction: value, description: undefined }
  return { instruction: value.instruction, description: value.description }
}
