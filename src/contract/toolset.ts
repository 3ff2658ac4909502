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

/** A command that runs after a file was written. */
export const PostEdit = z
  .object({
    path: z
      .string()
      .min(1)
      .max(256)
      .describe('Which files: a glob such as *.go or src/**/*.ts; without / it is the name alone'),
    cmd: z
      .string()
      .min(1)
      .max(100_000)
      .describe('For /bin/sh, in the folder; `$path` is the file. Only with --enable-shell'),
  })
  .strict()
  .openapi('PostEdit', { description: 'A command that runs after a file was written' })
export type PostEdit = z.infer<typeof PostEdit>

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
    post_edit: z
      .array(PostEdit)
      .max(32)
      .describe('Commands that run after write_file and edit_file, such as a formatter')
      .optional(),
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
export const toolPrefix = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, {
  message: 'a name is up to 32 letters, digits, _ and -, and starts with a letter',
})
export const callTimeout = z
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

export const A2aToolset = z
  .object({
    type: z.literal('a2a').describe('Another agent as a tool, over the A2A protocol'),
    name: toolPrefix.describe("The tool's name; by default made from the agent's").optional(),
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
