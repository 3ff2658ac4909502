import { z } from 'zod'
import { ModelPickerToolset } from '#contract/toolset-http.ts'
import { type Toolset, textResult } from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import { readEntry, toolsetOf } from './toolset-config.ts'

/** Lets an agent change the model that it goes on with, among those that its file names. */
export function createModelPickerToolset(config: Record<string, unknown>): Toolset {
  const entry = readEntry('model_picker', ModelPickerToolset, config)
  const instruction =
    entry.instruction ??
    `You may change the model that you run on with change_model, when another suits the task better, and go back with revert_model. The models are: ${entry.models.join(', ')}.`
  return toolsetOf('model_picker', [createChangeTool(entry.models), createRevertTool()], {
    tools: entry.tools,
    instruction,
  })
}

const annotations = { read_only: false, destructive: false, idempotent: true, open_world: false }

function createChangeTool(models: string[]) {
  return defineTool({
    name: 'change_model',
    description:
      'Changes the model that you run on, from your next step on and for the rest of the session.',
    input: z.strictObject({ model: z.enum(models).describe('The model to go on with') }),
    effect: 'idempotent',
    harmless: true,
    annotations: { title: 'Change the model', ...annotations },
    async execute({ model }, { setModel }) {
      await setModel(model)
      return textResult(`You go on with ${model}.`)
    },
  })
}

function createRevertTool() {
  return defineTool({
    name: 'revert_model',
    description: 'Goes back to the model that you began with.',
    input: z.strictObject({}),
    effect: 'idempotent',
    harmless: true,
    annotations: { title: 'Revert the model', ...annotations },
    async execute(_args, { setModel }) {
      await setModel(null)
      return textResult('You go on with the model that you began with.')
    },
  })
}
