import { expect } from 'vitest'
import { ofType } from '../journeys/conversation.ts'
import {
  fares,
  type Look,
  ofAgent,
  offered,
  type Probe,
  prompted,
  sent,
  shown,
  systemPrompt,
  toolsOf,
} from './probe.ts'

const files = { toolsets: [{ type: 'filesystem', path: './files' }] }
const helper = { agents: { helper: { model: 'scripted', description: 'Helps' } } }
const schema = { type: 'object', properties: { name: { type: 'string' } } }
const hasTool =
  (name: string): Look =>
  async (subject) =>
    ((await offered(subject)) as string[]).includes(name)

/** The fields of one agent, but for its toolsets. */
export const agentFields: Record<string, Probe> = {
  'agents.*.model': ofAgent({ model: 'scripted/other' }, { look: sent('model'), shows: 'other' }),
  'agents.*.fallback.models': ofAgent(
    { fallback: { models: ['scripted/second'], retries: 0 } },
    {
      unlike: { fallback: { models: [], retries: 0 } },
      look: modelsAfterFailure,
      shows: ['first', 'second'],
    },
  ),
  'agents.*.fallback.retries': ofAgent(
    { fallback: { models: ['scripted/second'], retries: 1 } },
    {
      unlike: { fallback: { models: ['scripted/second'], retries: 0 } },
      look: modelsAfterFailure,
      shows: ['first', 'first'],
    },
  ),
  'agents.*.fallback.cooldown': ofAgent(
    { fallback: { models: ['scripted/second'], retries: 0, cooldown: '0ms' } },
    {
      unlike: { fallback: { models: ['scripted/second'], retries: 0, cooldown: '1h' } },
      look: modelOfTheRunAfter,
      shows: 'cooled',
    },
  ),
  'agents.*.description': ofAgent(
    { description: 'Knows things' },
    { look: shown(({ description }) => description), shows: 'Knows things' },
  ),
  'agents.*.welcome_message': ofAgent(
    { welcome_message: 'Good day' },
    { look: shown(({ config }) => config.agents.root?.welcome_message), shows: 'Good day' },
  ),
  'agents.*.instruction': ofAgent(
    { instruction: 'Be brief.' },
    { look: async ({ run }) => systemPrompt(await run()), shows: 'Be brief.' },
  ),
  'agents.*.instruction.file': ofAgent(
    { instruction: { file: './files/prompt.txt' } },
    { look: prompted('From the file.'), shows: true },
  ),
  'agents.*.sub_agents': ofAgent(
    { sub_agents: ['helper'] },
    { beside: helper, look: hasTool('transfer_task'), shows: true },
  ),
  'agents.*.handoffs': ofAgent(
    { handoffs: ['helper'] },
    { beside: helper, look: hasTool('handoff'), shows: true },
  ),
  'agents.*.commands': ofAgent(
    { commands: { go: 'Walk on.' } },
    { look: saidBy('/go'), shows: 'Walk on.' },
  ),
  'agents.*.commands.*.instruction': ofAgent(
    { commands: { go: { instruction: 'Walk on.' } } },
    {
      unlike: { commands: { go: { instruction: 'Stop.' } } },
      look: saidBy('/go'),
      shows: 'Walk on.',
    },
  ),
  'agents.*.commands.*.description': ofAgent(
    { commands: { go: { instruction: 'Walk on.', description: 'Goes' } } },
    {
      unlike: { commands: { go: { instruction: 'Walk on.' } } },
      look: shown(({ config }) => config.agents.root?.commands),
      shows: { go: { instruction: 'Walk on.', description: 'Goes' } },
    },
  ),
  'agents.*.max_iterations': ofAgent(
    { max_iterations: 1 },
    { both: files, look: endOfAnEndlessRun(2), shows: 'waiting' },
  ),
  'agents.*.force_answer': ofAgent(
    { force_answer: true },
    { both: { ...files, max_iterations: 1 }, look: endOfAnEndlessRun(1), shows: 'completed' },
  ),
  'agents.*.num_history_items': ofAgent(
    { num_history_items: 1 },
    { look: shownInTheThirdRun, shows: 1 },
  ),
  'agents.*.add_date': ofAgent(
    { add_date: true },
    { look: prompted(String(new Date().getFullYear())), shows: true },
  ),
  'agents.*.add_environment_info': ofAgent(
    { add_environment_info: true },
    { look: prompted(process.platform), shows: true },
  ),
  'agents.*.add_prompt_files': ofAgent(
    { add_prompt_files: ['./files/prompt.txt'] },
    { look: prompted('From the file.'), shows: true },
  ),
  'agents.*.structured_output.name': ofFormat({ name: 'person' }, 'name', 'person'),
  'agents.*.structured_output.description': ofFormat({ description: 'One' }, 'description', 'One'),
  'agents.*.structured_output.schema': ofFormat({ schema }, 'schema', schema),
  'agents.*.structured_output.strict': ofFormat({ strict: true }, 'strict', true),
  'agents.*.planning_interval': ofAgent(
    { planning_interval: 1 },
    {
      look: async ({ run, says }) => {
        says({ text: 'First look.' })
        return ofType((await run()).events, 'plan_updated').length
      },
      shows: 1,
    },
  ),
  'agents.*.thinking': ofAgent(
    { thinking: false },
    { both: { thinking_budget: 'high' }, look: sent('reasoning_effort'), shows: undefined },
  ),
  'agents.*.thinking_budget': ofAgent(
    { thinking_budget: 'low' },
    { look: sent('reasoning_effort'), shows: 'low' },
  ),
  'agents.*.budget.cost': ofBudget({ cost: 0.000_001 }),
  'agents.*.budget.seconds': ofBudget({ seconds: 0.001 }),
  'agents.*.budget.tokens': ofBudget({ tokens: 1 }),
  'agents.*.budget.tool_calls': ofBudget({ tool_calls: 1 }),
  'agents.*.code_mode_tools': ofAgent(
    { code_mode_tools: true },
    { both: files, look: offered, shows: ['run_tools_with_javascript'] },
  ),
  'agents.*.add_description_parameter': ofAgent(
    { add_description_parameter: true },
    {
      both: files,
      look: async ({ run }) => JSON.stringify(toolsOf(await run())[0]?.parameters),
      shows: expect.stringContaining('"description":{'),
    },
  ),
  'agents.*.skills': ofAgent(
    { skills: ['./skills'] },
    {
      look: async ({ run }) => JSON.stringify((await run()).requests[0]?.body),
      shows: expect.stringContaining('Knits socks'),
    },
  ),
  'agents.*.permissions.allow': ofAgent(
    { permissions: { allow: ['create_directory'] } },
    { both: files, look: fares('create_directory', { path: 'new' }), shows: 'succeeded' },
  ),
  'agents.*.permissions.ask': ofAgent(
    { permissions: { ask: ['list_directory'] } },
    { both: files, look: fares('list_directory'), shows: 'waiting' },
  ),
  'agents.*.permissions.deny': ofAgent(
    { permissions: { deny: ['list_directory'] } },
    { both: files, look: fares('list_directory'), shows: 'denied' },
  ),
}

/** A budget that the first of two calls reaches. */
function ofBudget(budget: object): Probe {
  const pricing = { input: 100, output: 100 }
  const priced = { provider: 'scripted', model: 'scripted', pricing }
  return ofAgent(
    { budget },
    {
      both: { ...files, model: 'priced' },
      beside: { models: { priced } },
      look: endOfAnEndlessRun(2),
      shows: 'waiting',
    },
  )
}

function ofFormat(field: Record<string, unknown>, name: string, shows: unknown): Probe {
  const plain = { name: 'plain', schema: { type: 'object' } }
  return ofAgent(
    { structured_output: { ...plain, ...field } },
    {
      unlike: { structured_output: plain },
      look: async (subject) => {
        const format = (await sent('response_format')(subject)) as { json_schema?: object }
        return Object.entries(format.json_schema ?? {}).find(([key]) => key === name)?.[1]
      },
      shows,
    },
  )
}

/** The models that are asked when the first one fails once. */
async function modelsAfterFailure({ says, run }: Parameters<Look>[0]): Promise<unknown> {
  says({ fault: { kind: 'status', status: 500 } })
  const { requests } = await run({ options: { model: 'scripted/first' } })
  return requests.slice(0, 2).map(({ body }) => body.model)
}

/** Which model answers the run after one in which the first model failed. */
async function modelOfTheRunAfter({ says, run }: Parameters<Look>[0]): Promise<unknown> {
  says({ fault: { kind: 'status', status: 500 } })
  await run()
  const { requests } = await run()
  return requests[0]?.body.model === 'scripted' ? 'cooled' : 'passed over'
}

/** What the model is shown of the user's message. */
function saidBy(message: string): Look {
  return async ({ run }) => (await run({ message })).requests[0]?.body.messages.at(-1)?.content
}

/** How a run ends whose model calls a tool again and again, so many times. */
function endOfAnEndlessRun(calls: number): Look {
  return async ({ says, run }) => {
    for (let count = 0; count < calls; count += 1) {
      says({ toolCalls: [{ name: 'list_directory', arguments: {} }] })
    }
    return (await run()).run.status
  }
}

async function shownInTheThirdRun({ run }: Parameters<Look>[0]): Promise<unknown> {
  const { session } = await run()
  await run({ session })
  return (await run({ session })).requests[0]?.body.messages.length
}
