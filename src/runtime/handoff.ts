import type { Assistant } from './assistant.ts'
import type { RunTool } from './run-tool.ts'

/** `handoff`: another agent of the file takes the conversation over, with all of its history. */
export function createHandoffTool({ name, handoffs }: Assistant): RunTool {
  return {
    executor: 'server',
    harmless: true,
    definition: {
      name: 'handoff',
      description: 'Hands the conversation over to another agent, which answers from now on.',
      parameters: {
        type: 'object',
        properties: {
          agent: {
            type: 'string',
            enum: handoffs.map((member) => member.name),
            description: 'Who takes over',
          },
        },
        required: ['agent'],
        additionalProperties: false,
      },
      annotations: { title: 'Hand off' },
      effect: 'idempotent',
    },
    async execute(args) {
      const agent = String(args.agent)
      const output = `${name} handed the conversation over to ${agent}. You are ${agent} now: go on with what the user wants.`
      return { type: 'handoff', agent, output }
    },
  }
}
