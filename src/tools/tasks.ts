import { z } from 'zod'
import { type Tool, type ToolContext, type Toolset, textResult } from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import { toStorableText } from './storable.ts'
import {
  addDependency,
  blockersOf,
  change,
  describeTask,
  findTask,
  nextTask,
  removeTask,
  type Task,
  taskPriorities,
  taskStatuses,
} from './task-list.ts'
import { readToolsetConfig, toolsetOf } from './toolset-config.ts'

/** Whose list: the session's own, or with `shared` the one of the conversation that it belongs to. */
export type TaskListKey = { tenant: string; sessionId: string; shared: boolean }

/** Where lists are kept. All instances see the same; nothing is lost between two changes. */
export type TaskStore = {
  read(list: TaskListKey): Promise<Task[]>
  /** Changes a list while nobody else does, and returns it. What `change` throws is passed on. */
  update(list: TaskListKey, change: (tasks: Task[]) => Task[]): Promise<Task[]>
}

/** Makes the factory of tasks toolsets over a store. */
export function createTasksToolset({ tasks }: { tasks: TaskStore }) {
  return (config: Record<string, unknown>): Toolset => {
    const { shared, path: _, ...common } = readToolsetConfig('tasks', fields, config)
    const lists: Lists = {
      read: ({ tenant, sessionId }) => tasks.read({ tenant, sessionId, shared }),
      update: ({ tenant, sessionId }, apply) => tasks.update({ tenant, sessionId, shared }, apply),
    }
    const tools = [
      createTask(lists),
      getTask(lists),
      updateTask(lists),
      deleteTask(lists),
      listTasks(lists),
      showNextTask(lists),
      addTaskDependency(lists),
      removeTaskDependency(lists),
    ]
    return toolsetOf('tasks', tools, common)
  }
}

type Lists = {
  read(context: ToolContext): Promise<Task[]>
  update(context: ToolContext, apply: (tasks: Task[]) => Task[]): Promise<Task[]>
}

const fields = { shared: z.boolean().default(false), path: z.string().optional() }
const mostTasks = 200
const id = z.string().min(1).max(100).describe('As list_tasks shows it')
const title = z.string().min(1).max(300).describe('What is to be done')
const description = z.string().max(4000).describe('More about it')
const priority = z.enum(taskPriorities)
const status = z.enum(taskStatuses)
const hints = { destructive: false, idempotent: true, open_world: false }
const write = { effect: 'idempotent', harmless: true } as const
const read = { effect: 'read', harmless: true } as const

function createTask(lists: Lists): Tool {
  return defineTool({
    name: 'create_task',
    description: 'Adds a task to the list.',
    input: z.strictObject({
      title,
      description: description.optional(),
      priority: priority.optional().describe('medium when missing'),
      dependencies: z.array(id).max(50).optional().describe('Tasks that have to be done before it'),
    }),
    ...write,
    annotations: { title: 'Create task', read_only: false, ...hints },
    async execute(args, context) {
      const tasks = await lists.update(context, (before) => {
        if (before.some((task) => task.callId === context.callId)) return before
        if (before.length >= mostTasks) {
          throw new Error(`A list holds at most ${mostTasks} tasks; delete some that are done.`)
        }
        const { dependencies = [] } = args
        for (const dependency of dependencies) findTask(before, dependency)
        const task: Task = {
          id: freeId(before),
          title: toStorableText(args.title),
          description: toStorableText(args.description ?? ''),
          priority: args.priority ?? 'medium',
          status: 'pending',
          dependsOn: [...new Set(dependencies)],
          callId: context.callId,
        }
        return [...before, task]
      })
      const created = tasks.filter((task) => task.callId === context.callId)
      return textResult(created.map((task) => describeTask(tasks, task)).join('\n'))
    },
  })
}

function getTask(lists: Lists): Tool {
  return defineTool({
    name: 'get_task',
    description: 'Shows one task.',
    input: z.strictObject({ id }),
    ...read,
    annotations: { title: 'Get task', read_only: true, ...hints },
    async execute({ id }, context) {
      const tasks = await lists.read(context)
      return textResult(describeTask(tasks, findTask(tasks, id)))
    },
  })
}

function updateTask(lists: Lists): Tool {
  return defineTool({
    name: 'update_task',
    description: 'Changes a task; what is not given stays as it is.',
    input: z.strictObject({
      id,
      title: title.optional(),
      description: description.optional(),
      priority: priority.optional(),
      status: status.optional(),
    }),
    ...write,
    annotations: { title: 'Update task', read_only: false, ...hints },
    async execute({ id, ...args }, context) {
      const fields: Partial<Task> = {
        ...(args.title === undefined ? {} : { title: toStorableText(args.title) }),
        ...(args.description === undefined
          ? {}
          : { description: toStorableText(args.description) }),
        ...(args.priority === undefined ? {} : { priority: args.priority }),
        ...(args.status === undefined ? {} : { status: args.status }),
      }
      const tasks = await lists.update(context, (before) => {
        const task = findTask(before, id)
        const blockers = blockersOf(before, task).map((blocker) => blocker.id)
        if (args.status !== undefined && args.status !== 'pending' && blockers.length > 0) {
          throw new Error(
            `${id} waits for ${blockers.join(', ')}; finish that first, or remove_dependency. Nothing was changed.`,
          )
        }
        return change(before, id, fields)
      })
      return textResult(describeTask(tasks, findTask(tasks, id)))
    },
  })
}

function deleteTask(lists: Lists): Tool {
  return defineTool({
    name: 'delete_task',
    description: 'Removes a task; what depends on it waits for it no longer.',
    input: z.strictObject({ id }),
    ...write,
    annotations: { title: 'Delete task', read_only: false, ...hints, destructive: true },
    async execute({ id }, context) {
      await lists.update(context, (before) => removeTask(before, findTask(before, id).id))
      return textResult(`Deleted ${id}.`)
    },
  })
}

function listTasks(lists: Lists): Tool {
  return defineTool({
    name: 'list_tasks',
    description: 'Shows the tasks with their ids, status, priority and what they wait for.',
    input: z.strictObject({
      status: status.optional().describe('Only these'),
      priority: priority.optional().describe('Only these'),
    }),
    ...read,
    annotations: { title: 'List tasks', read_only: true, ...hints },
    async execute(filter, context) {
      const tasks = await lists.read(context)
      const shown = tasks.filter(
        (task) =>
          (filter.status ?? task.status) === task.status &&
          (filter.priority ?? task.priority) === task.priority,
      )
      if (shown.length === 0) return textResult('There are no such tasks.')
      return textResult(shown.map((task) => describeTask(tasks, task)).join('\n'))
    },
  })
}

function showNextTask(lists: Lists): Tool {
  return defineTool({
    name: 'next_task',
    description:
      'Shows what to work on: a task that was begun, else the most urgent that waits for nothing.',
    input: z.strictObject({}),
    ...read,
    annotations: { title: 'Next task', read_only: true, ...hints },
    async execute(_, context) {
      const tasks = await lists.read(context)
      const next = nextTask(tasks)
      if (next) return textResult(describeTask(tasks, next))
      return textResult(tasks.length === 0 ? 'There are no tasks.' : 'Every task is done.')
    },
  })
}

function addTaskDependency(lists: Lists): Tool {
  return defineTool({
    name: 'add_dependency',
    description: 'Lets a task wait until another one is done.',
    input: z.strictObject({ task_id: id, depends_on: id }),
    ...write,
    annotations: { title: 'Add dependency', read_only: false, ...hints },
    async execute({ task_id, depends_on }, context) {
      const tasks = await lists.update(context, (before) =>
        addDependency(before, task_id, depends_on),
      )
      return textResult(describeTask(tasks, findTask(tasks, task_id)))
    },
  })
}

function removeTaskDependency(lists: Lists): Tool {
  return defineTool({
    name: 'remove_dependency',
    description: 'Lets a task no longer wait for another one.',
    input: z.strictObject({ task_id: id, depends_on: id }),
    ...write,
    annotations: { title: 'Remove dependency', read_only: false, ...hints },
    async execute({ task_id, depends_on }, context) {
      const tasks = await lists.update(context, (before) => {
        const task = findTask(before, task_id)
        const dependsOn = task.dependsOn.filter((other) => other !== depends_on)
        return change(before, task_id, { dependsOn })
      })
      return textResult(describeTask(tasks, findTask(tasks, task_id)))
    },
  })
}

function freeId(tasks: Task[]): string {
  const highest = Math.max(0, ...tasks.map((task) => Number(task.id.replace('task_', ''))))
  return `task_${highest + 1}`
}
