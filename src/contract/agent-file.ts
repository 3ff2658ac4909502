import { z } from '@hono/zod-openapi'
import { AgentHooks } from './agent-hooks.ts'
import { Budget } from './budget.ts'
import { JsonSchema, Permissions } from './tool.ts'
import {
  A2aToolset,
  FetchToolset,
  FilesystemToolset,
  ThinkToolset,
  TodoToolset,
  UserPromptToolset,
} from './toolset.ts'
import { BackgroundAgentsToolset } from './toolset-agents.ts'
import { CodeToolset } from './toolset-code.ts'
import { ApiToolset, ModelPickerToolset, OpenApiToolset, WebSearchToolset } from './toolset-http.ts'
import { McpServer, McpToolset } from './toolset-mcp.ts'
import { MemoryToolset, TasksToolset } from './toolset-memory.ts'
import { ScriptToolset, ShellToolset } from './toolset-shell.ts'

const AgentName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/,
    'a name is letters, digits, _ and -, and starts with a letter',
  )

const ThinkingBudget = z
  .union([
    z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'adaptive']),
    z.int().min(-1),
  ])
  .describe('How much the model may think: an effort (low, medium, high, …) or a number of tokens')

const Instruction = z
  .union([
    z.string(),
    z
      .object({ file: z.string().min(1).describe('A text file; starts beside this file') })
      .strict()
      .transform(({ file }) => `file:${file}`),
  ])
  .describe('The system prompt; `file:PATH` reads it from a file beside this one')

const Rules = z.array(z.string().min(1).max(256))

/** The permissions of a file or of one agent. */
export const AgentPermissions = Permissions.extend({
  allow: Rules.describe('Calls that run without asking').optional(),
  ask: Rules.describe('Calls that wait for an approval').optional(),
  deny: Rules.describe('Calls that never run; wins over everything').optional(),
}).openapi('AgentPermissions', { description: 'Patterns `tool` or `tool:arg=glob`, with * and ?' })
export type AgentPermissions = z.infer<typeof AgentPermissions>

/** One entry of `toolsets:`. */
export const ToolsetSpec = z
  .discriminatedUnion('type', [
    FilesystemToolset,
    ThinkToolset,
    TodoToolset,
    FetchToolset,
    UserPromptToolset,
    McpToolset,
    A2aToolset,
    ApiToolset,
    OpenApiToolset,
    WebSearchToolset,
    ModelPickerToolset,
    ShellToolset,
    ScriptToolset,
    MemoryToolset,
    TasksToolset,
    CodeToolset,
    BackgroundAgentsToolset,
  ])
  .openapi('ToolsetSpec')
export type ToolsetSpec = Exact<z.infer<typeof ToolsetSpec>>

export const StructuredOutput = z
  .object({
    name: z
      .string()
      .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'a name is up to 64 letters, digits, _ and -')
      .describe('What the object is called'),
    description: z.string().describe('What the object means').optional(),
    schema: JsonSchema.describe('The JSON Schema that the answer follows'),
    strict: z.boolean().describe('The provider enforces the schema').optional(),
  })
  .strict()
  .openapi('StructuredOutput', { description: 'The agent answers with one JSON object' })
export type StructuredOutput = z.infer<typeof StructuredOutput>

/** What happens when a model fails. */
export const Fallback = z
  .object({
    models: z.array(z.string().min(1)).max(8).describe('Tried in this order after `model`'),
    retries: z
      .int()
      .min(0)
      .max(10)
      .describe('How often one model is tried again before the next; 2 when missing')
      .optional(),
    cooldown: z
      .string()
      .regex(/^\d{1,6}(ms|s|m|h)$/, 'a time such as 500ms, 30s, 1m or 2h')
      .describe('How long a model that failed is passed over; 1m when missing')
      .optional(),
  })
  .strict()
  .openapi('Fallback')
export type Fallback = Exact<z.infer<typeof Fallback>>

/** What `/name` of a user stands for. */
export const AgentCommand = z
  .object({
    description: z.string().describe('What it does; for people').optional(),
    instruction: z.string().min(1).describe('What the model is told'),
  })
  .strict()
  .openapi('AgentCommand', { description: 'A named instruction that users can give' })
export type AgentCommand = Exact<z.infer<typeof AgentCommand>>

const CommandName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'a command is up to 64 letters, digits, _ and -')

const CommandMap = z.record(CommandName, z.union([z.string().min(1), AgentCommand]))

/** As loaded it is always a mapping. */
const Commands = z
  .union([
    CommandMap,
    z
      .array(CommandMap)
      .max(256)
      .refine((list) => isUnique(list.flatMap(Object.keys)), 'two commands have the same name')
      .transform((list) => Object.assign({}, ...list)),
  ])
  .describe(
    'Instructions by name, or a list of such mappings: a message `/name rest` stands for the text and the rest',
  )

/** One agent of a team. */
export const AgentSpec = z
  .object({
    model: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(8)])
      .describe(
        '`provider/model`, a name under `models:`, or `auto`; by default what was detected. A list: the next is tried when one fails',
      )
      .optional(),
    fallback: Fallback.describe('What happens when a model fails').optional(),
    description: z
      .string()
      .describe('What the agent is for; people and other agents see it')
      .optional(),
    welcome_message: z.string().describe('Shown before the first message').optional(),
    instruction: Instruction.optional(),
    toolsets: z.array(ToolsetSpec).max(64).describe('What the agent can do').optional(),
    sub_agents: z
      .array(z.string())
      .max(64)
      .describe(
        'Agents that it may give tasks to: of this file, or of another source that is served (`SOURCE`, `NAME:SOURCE`, `registry/name:tag`)',
      )
      .optional(),
    handoffs: z
      .array(z.string())
      .max(64)
      .describe(
        'Agents of this file that it may hand the conversation over to; agents of other sources can be given tasks, under sub_agents',
      )
      .optional(),
    commands: Commands.optional(),
    max_iterations: z
      .int()
      .min(0)
      .max(1000)
      .describe("Model calls in one run; 0 is the server's limit")
      .optional(),
    num_history_items: z
      .int()
      .min(0)
      .describe('How many of the latest messages the model sees; 0 is all that fit')
      .optional(),
    add_date: z.boolean().describe("Tell the model today's date").optional(),
    add_environment_info: z
      .boolean()
      .describe('Tell the model the working directory and the platform')
      .optional(),
    add_prompt_files: z
      .array(z.string().min(1))
      .max(32)
      .describe('Files whose text is added to the prompt')
      .optional(),
    structured_output: StructuredOutput.optional().describe(
      'The answer is one JSON object that follows a schema',
    ),
    planning_interval: z
      .int()
      .min(1)
      .max(1000)
      .describe('Makes a plan before the first step and again after every so many steps')
      .optional(),
    force_answer: z
      .boolean()
      .describe('At max_iterations ask once more, without tools, instead of waiting')
      .optional(),
    budget: Budget.optional().describe('What one run may spend before it asks to go on'),
    thinking: z.boolean().describe('The model may think before it answers').optional(),
    thinking_budget: ThinkingBudget.optional(),
    skills: z
      .union([z.boolean(), z.array(z.string().min(1).max(4000)).max(32)])
      .describe(
        'Instructions that the agent reads when a task calls for them: true or `local` for the usual directories, or directories that hold skills',
      )
      .optional(),
    code_mode_tools: z
      .boolean()
      .describe(
        'Offers the tools as functions of one tool, run_tools_with_javascript; only with --enable-code',
      )
      .optional(),
    add_description_parameter: z
      .boolean()
      .describe(
        'Each tool takes a `description` beside its arguments: what the model says the call is for',
      )
      .optional(),
    permissions: AgentPermissions.optional().describe(
      'Which calls of this agent run, ask or never run',
    ),
    hooks: AgentHooks.optional().describe('Commands that run when something happens'),
  })
  .strict()
  .openapi('AgentSpec')
export type AgentSpec = Exact<z.infer<typeof AgentSpec>>

export const FilePricing = z
  .object({
    input: z.number().min(0).describe('Of tokens of the prompt'),
    output: z.number().min(0).describe('Of tokens of the answer'),
    cached_input: z
      .number()
      .min(0)
      .describe(
        'Of tokens of the prompt that the provider had cached; the same as input when missing',
      )
      .optional(),
  })
  .strict()
  .openapi('FilePricing', { description: 'US dollars for one million tokens' })
export type FilePricing = Exact<z.infer<typeof FilePricing>>

/** An entry of `models:`: a named model with its settings. */
export const ModelSpec = z
  .object({
    provider: z
      .string()
      .min(1)
      .describe('A well-known provider or a name under `providers:`')
      .optional(),
    model: z.string().min(1).describe("The provider's name of the model"),
    temperature: z.number().min(0).max(2).describe('How much chance there is').optional(),
    max_tokens: z.int().min(1).describe('The longest answer').optional(),
    top_p: z.number().min(0).max(1).describe('Nucleus sampling').optional(),
    frequency_penalty: z.number().min(-2).max(2).describe('Against repetition').optional(),
    presence_penalty: z.number().min(-2).max(2).describe('For new topics').optional(),
    parallel_tool_calls: z.boolean().describe('Several tool calls in one answer').optional(),
    thinking_budget: ThinkingBudget.optional(),
    base_url: z.string().min(1).describe('Instead of the base URL of the provider').optional(),
    token_key: z.string().min(1).describe('The environment variable that holds the key').optional(),
    track_usage: z
      .boolean()
      .describe('false: the server is not asked to count tokens; then nothing is counted')
      .optional(),
    provider_opts: z
      .record(z.string(), z.unknown())
      .describe('Passed to the provider as they are')
      .optional(),
    pricing: FilePricing.optional().describe('Instead of the prices that the server knows'),
    context_window: z
      .int()
      .min(1)
      .describe('Tokens that a prompt and its answer may have together')
      .optional(),
  })
  .strict()
  .openapi('ModelSpec')
export type ModelSpec = Exact<z.infer<typeof ModelSpec>>

/** An entry of `providers:`: a server that speaks Chat Completions. */
export const ProviderSpec = z
  .object({
    base_url: z.string().min(1).describe('Where its API starts, mostly ending in /v1'),
    token_key: z.string().min(1).describe('The environment variable that holds the key').optional(),
    api_type: z.enum(['openai_chatcompletions']).describe('What the server speaks').optional(),
  })
  .strict()
  .openapi('ProviderSpec')
export type ProviderSpec = Exact<z.infer<typeof ProviderSpec>>

export const AgentMetadata = z
  .object({
    author: z.string().describe('Who wrote it').optional(),
    license: z.string().describe('An SPDX license').optional(),
    description: z.string().describe('What the team is for').optional(),
    readme: z.string().describe('A longer text for people').optional(),
    version: z.string().describe("The author's version of this file").optional(),
  })
  .strict()
  .openapi('AgentMetadata')
export type AgentMetadata = z.infer<typeof AgentMetadata>

/** A team: one agent or several. `root`, else the first, answers when none is named. */
export const AgentFile = z
  .object({
    version: z.union([z.string(), z.int()]).describe('The version of the format: "1"').optional(),
    agents: z
      .record(AgentName, AgentSpec)
      .describe('The agents by name; `root`, else the first, answers when none is named'),
    models: z.record(z.string(), ModelSpec).describe('Models by the names agents use').optional(),
    providers: z.record(z.string(), ProviderSpec).describe('Model servers by name').optional(),
    mcps: z
      .record(z.string(), McpServer)
      .describe('MCP servers by the names that `ref` of toolsets uses')
      .optional(),
    permissions: AgentPermissions.optional().describe(
      'Which calls of all agents run, ask or never run',
    ),
    metadata: AgentMetadata.describe('For people').optional(),
  })
  .strict()
  .openapi('AgentFile')
/** As loaded: `instruction` is always the text itself. */
export type AgentFile = Exact<z.infer<typeof AgentFile>>

/** A parsed file has no `undefined`: what is not there is not there. */
type Exact<T> = T extends readonly (infer Item)[]
  ? Exact<Item>[]
  : T extends object
    ? { [Key in keyof T]: Exact<Exclude<T[Key], undefined>> }
    : T

function isUnique(names: string[]): boolean {
  return new Set(names).size === names.length
}

/** The models that `model:` names, in the order in which they are tried; a comma parts them, too. */
export function modelReferences(model: AgentSpec['model']): string[] {
  if (model === undefined) return []
  const list = Array.isArray(model) ? model : model.split(',')
  return list.map((reference) => reference.trim()).filter((reference) => reference !== '')
}
