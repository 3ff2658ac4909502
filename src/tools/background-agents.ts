import { z } from 'zod'
import { BackgroundAgentsToolset } from '#contract/toolset-agents.ts'
import {
  type BackgroundAgent,
  errorResult,
  type Tool,
  type ToolOutcome,
  type ToolsetFactory,
  textResult,
} from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import { readEntry, toolsetOf } from './toolset-config.ts'

const instruction =
  'With run_background_agent you give a task to one of your agents and go on without waiting; look after it with list_background_agents and view_background_agent. Use transfer_task when you need the answer to go on.'

/** Tools that give tasks to the agent's sub_agents and do not wait for them. */
export const createBackgroundAgentsToolset: ToolsetFactory = (config, { subAgents = [] }) => {
  const entry = readEntry('background_agents', BackgroundAgentsToolset, config)
  if (subAgents.length === 0) {
    throw new Error('background_agents: the agent has no sub_agents to give tasks to')
  }
  const tools = [runAgent(subAgents), listAgents(), viewAgent(), stopAgent()]
  return toolsetOf('background_agents', tools, {
    tools: entry.tools,
    instruction: entry.instruction ?? instruction,
  })
}

const id = z.string().max(100).describe('As list_background_agents shows it')
const hints = { destructive: false, idempotent: true, open_world: false }

function runAgent(names: string[]): Tool {
  return defineTool({
    name: 'run_background_agent',
    description:
      'Gives a task to another agent, which works on it in the background, and returns at once.',
    input: z.strictObject({
      agent: z.enum(names).describe('Who gets the task'),
      task: z.string().min(1).describe('What to do, with everything it has to know'),
      expected_output: z.string().optional().describe('What the answer should look like'),
    }),
    effect: 'idempotent',
    // What it may do is decided about each of its own calls.
    harmless: true,
    annotations: { title: 'Run a background agent', read_only: false, ...hints },
    async execute({ agent, task, expected_output }, { background }) {
      const started = await background.start({
        agent,
        task,
        ...(expected_output ? { expectedOutput: expected_output } : {}),
      })
      return textResult(
        `${agent} works on it as ${started.id}. view_background_agent shows how it is and its answer.`,
      )
    },
  })
}

function listAgents(): Tool {
  return defineTool({
    name: 'list_background_agents',
    description: 'Shows the background agents of this conversation and how they are.',
    input: z.strictObject({}),
    effect: 'read',
    annotations: { title: 'List background agents', read_only: true, ...hints },
    async execute(_, { background }) {
      const lines = (await background.list()).map(describeAgent)
      return textResult(lines.length === 0 ? 'There are no background agents.' : lines.join('\n'))
    },
  })
}

function viewAgent(): Tool {
  return defineTool({
    name: 'view_background_agent',
    description: 'Shows how a background agent is and the latest that it said.',
    input: z.strictObject({ agent_id: id }),
    effect: 'read',
    annotations: { title: 'View a background agent', read_only: true, ...hints },
    async execute({ agent_id }, { background }) {
      const found = await background.view(agent_id)
      if (!found) return unknownAgent(agent_id)
      return textResult(`${describeAgent(found)}\n\n${found.answer ?? '(it has said nothing yet)'}`)
    },
  })
}

function stopAgent(): Tool {
  return defineTool({
    name: 'stop_background_agent',
    description: 'Stops a background agent; what it has done stays done.',
    input: z.strictObject({ agent_id: id }),
    effect: 'idempotent',
    harmless: true,
    annotations: { title: 'Stop a background agent', read_only: false, ...hints },
    async execute({ agent_id }, { background }) {
      const stopped = await background.stop(agent_id)
      return stopped ? textResult(describeAgent(stopped)) : unknownAgent(agent_id)
    },
  })
}

function unknownAgent(id: string): ToolOutcome {
  return errorResult(`There is no background agent ${id}; list_background_agents shows the ids.`)
}

function describeAgent(found: BackgroundAgent): string {
  return `${found.id} [${describeStatus(found)}, started ${found.createdAt}] ${found.agent}: ${found.title}`
}

function describeStatus({ status, waitingFor, error }: BackgroundAgent): string {
  if (status === 'waiting') return `waiting for ${waitedFor[waitingFor ?? 'approval']}`
  return error === null ? status : `${status}: ${error}`
}

/** It is the user, in the agent's own session, who can help it on. */
const waitedFor = {
  approval: 'the user to approve a call',
  elicitation: 'the user to answer a question',
  client_tool: "a result of the user's program",
  max_iterations: 'the user to allow more steps',
  budget: 'the user to allow more',
}
