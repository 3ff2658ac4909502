import { z } from '@hono/zod-openapi'
import { commonFields, toolNames } from './toolset.ts'

const path = z
  .string()
  .describe(
    'Accepted from files of other programs and not used, which a line says when the file is loaded: everything is kept in the database',
  )
  .optional()

export const MemoryToolset = z
  .object({
    type: z.literal('memory').describe('Remember things for later'),
    scope: z
      .enum(['session', 'user', 'agent'])
      .describe(
        'session: this conversation; user: this person, with any agent; agent: this person with this agent (the default)',
      )
      .optional(),
    path,
    tools: toolNames([
      'add_memory',
      'get_memories',
      'search_memories',
      'update_memory',
      'delete_memory',
    ]),
    ...commonFields,
  })
  .strict()
  .openapi('MemoryToolset')

export const TasksToolset = z
  .object({
    type: z.literal('tasks').describe('A list of tasks that depend on each other'),
    shared: z.boolean().describe('One list for all agents of the team').optional(),
    path,
    tools: toolNames([
      'create_task',
      'get_task',
      'update_task',
      'delete_task',
      'list_tasks',
      'next_task',
      'add_dependency',
      'remove_dependency',
    ]),
    ...commonFields,
  })
  .strict()
  .openapi('TasksToolset')
