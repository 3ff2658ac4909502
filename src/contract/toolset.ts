import { z } from '@hono/zod-openapi'

const instruction = z
  .string()
  .describe("Told to the model after the agent's instruction")
  .optional()

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
    instruction,
  })
  .strict()
  .openapi('FilesystemToolset')

export const ThinkToolset = z
  .object({
    type: z.literal('think').describe('A place to reason between calls'),
    tools: toolNames(['think']),
    instruction,
  })
  .strict()
  .openapi('ThinkToolset')

export const TodoToolset = z
  .object({
    type: z.literal('todo').describe('A list of what is to be done'),
    shared: z.boolean().describe('One list for all agents of the team').optional(),
    tools: toolNames(['create_todo', 'create_todos', 'update_todos', 'list_todos']),
    instruction,
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
    instruction,
  })
  .strict()
  .openapi('FetchToolset')

export const UserPromptToolset = z
  .object({
    type: z.literal('user_prompt').describe('Ask the user something'),
    tools: toolNames(['user_prompt']),
    instruction,
  })
  .strict()
  .openapi('UserPromptToolset')

function toolNames<const Names extends [string, ...string[]]>(names: Names) {
  return z.array(z.enum(names)).min(1).describe('Only these tools of the set').optional()
}
