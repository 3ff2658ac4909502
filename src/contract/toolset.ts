import { z } from '@hono/zod-openapi'

const instruction = z
  .string()
  .describe("Told to the model after the agent's instruction")
  .optional()

/** Fields that every toolset has beside its own. */
export const commonFields = {
  instruction,
  model: z
    .string()
    .min(1)
    .describe('The model of the step after a tool of this set ran')
    .optional(),
  defer: z
    .union([z.boolean(), z.array(z.string().min(1).max(128)).min(1)])
    .describe(
      'true, or names of tools: not shown to the model until it finds them with search_tools',
    )
    .optional(),
}

export const FilesystemToolset = z
  .object({
    type: z.literal('filesystem').describe('Read, search and change files below one folder'),
    path: z
      .string()
      .min(1)
      .describe("The folder; nothing outside it. By default the session's working_dir")
      .optional(),
    ignore_vcs: z.boolean().describe('Leave out .git and what .gitignore names').optional(),
    read_only: z.boolean().describe('No tool that changes anything').optional(),
    tools: toolNames([
      'read_file',
      'read_multiple_files',
      'list_directory',
      'directory_tree',
      'search_files_content',
      'write_file',
      'edit_file',
      'create_directory',
      'remove_directory',
    ]),
    ...commonFields,
  })
  .strict()
  .openapi('FilesystemToolset')

export const ThinkToolset = z
  .object({
    type: z.literal('think').describe('A place to reason between calls'),
    tools: toolNames(['think']),
    ...commonFields,
  })
  .strict()
  .openapi('ThinkToolset')

export const TodoToolset = z
  .object({
    type: z.literal('todo').describe('A list of what is to be done'),
    shared: z.boolean().describe('One list for all agents of the team').optional(),
    tools: toolNames(['create_todo', 'create_todos', 'update_todos', 'list_todos']),
    ...commonFields,
  })
  .strict()
  .openapi('TodoToolset')

const hosts = z.array(z.string().min(1).max(253)).max(256)

export const FetchToolset = z
  .object({
    type: z.literal('fetch').describe('Read public web pages'),
    allow: hosts.describe('Only these hosts: example.org, *.example.org').optional(),
    deny: hosts.describe('Never these hosts').optional(),
    timeout: z.number().positive().max(300).describe('Seconds for one page').optional(),
    tools: toolNames(['fetch']),
    ...commonFields,
  })
  .strict()
  .openapi('FetchToolset')

export const UserPromptToolset = z
  .object({
    type: z.literal('user_prompt').describe('Ask the user something'),
    tools: toolNames(['user_prompt']),
    ...commonFields,
  })
  .strict()
  .openapi('UserPromptToolset')

export const anyToolNames = z
  .array(z.string().min(1).max(128))
  .min(1)
  .describe('Only these tools, by the names that the model sees')
  .optional()
const prefix = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, {
  message: 'a name is up to 32 letters, digits, _ and -, and starts with a letter',
})
const callTimeout = z
  .number()
  .positive()
  .max(3600)
  .describe('Seconds without an answer or progress after which a call is given up; 60 by default')
  .optional()
export const requestHeaders = z
  .record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'this is no name of a header'),
    z.string(),
  )
  .describe(
    "Sent with each request; `${env.NAME}` and `${headers.NAME}` of the caller's request are filled in",
  )
  .optional()
export const httpUrl = z.string().regex(/^https?:\/\//, 'a URL begins with https:// or http://')

export const McpRemote = z
  .object({
    url: httpUrl.describe('Where the server answers'),
    headers: requestHeaders,
    transport: z
      .enum(['streamable', 'sse'])
      .describe('How it speaks: streamable HTTP (the default), or the older SSE')
      .optional(),
    transport_type: z
      .enum(['streamable', 'sse'])
      .describe('The older name of transport')
      .optional(),
  })
  .strict()
  .openapi('McpRemote', { description: 'An MCP server that is reached over HTTP' })
export type McpRemote = z.infer<typeof McpRemote>

export const McpToolset = z
  .object({
    type: z.literal('mcp').describe('The tools of an MCP server'),
    name: prefix.describe('Put before the name of each tool, with _ between').optional(),
    command: z.string().min(1).describe('Starts the server, which speaks over stdio').optional(),
    args: z.array(z.string()).describe('Arguments of the command').optional(),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'this is no name of a variable'),
        z.string(),
      )
      .describe(
        "Environment of the command, beside PATH, HOME and LANG; `${env.NAME}` takes a variable of the server's",
      )
      .optional(),
    working_dir: z
      .string()
      .min(1)
      .describe('Where the command runs; by default beside this file')
      .optional(),
    remote: McpRemote.optional().describe('A server that is reached over HTTP'),
    timeout: callTimeout,
    tools: anyToolNames,
    ...commonFields,
  })
  .strict()
  .refine(({ command, remote }) => (command === undefined) !== (remote === undefined), {
    message: 'give either command or remote',
  })
  .refine(
    ({ command, args, env, working_dir }) => command !== undefined || !(args ?? env ?? working_dir),
    {
      message: 'args, env and working_dir belong to a command',
    },
  )
  .openapi('McpToolset')
export type McpToolset = z.infer<typeof McpToolset>

export const A2aToolset = z
  .object({
    type: z.literal('a2a').describe('Another agent as a tool, over the A2A protocol'),
    name: prefix.describe("The tool's name; by default made from the agent's").optional(),
    url: httpUrl.describe('The agent, or its card (…/agent-card.json)'),
    headers: requestHeaders,
    timeout: callTimeout,
    tools: anyToolNames,
    ...commonFields,
  })
  .strict()
  .openapi('A2aToolset')
export type A2aToolset = z.infer<typeof A2aToolset>

export function toolNames<const Names extends [string, ...string[]]>(names: Names) {
  return z.array(z.enum(names)).min(1).describe('Only these tools of the set').optional()
}
