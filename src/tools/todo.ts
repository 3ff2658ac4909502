import { z } from 'zod'
import {
  errorResult,
  type Tool,
  type ToolContext,
  type Toolset,
  textResult,
} from '#runtime/tool.ts'
import { defineTool } from './define-tool.ts'
import { readToolsetConfig, toolsetOf } from './toolset-config.ts'

export type Todo = {
  id: string
  description: string
  status: TodoStatus
  /** The call that made it: the same call again makes nothing new. */
  callId: string
}

export type TodoStatus = 'pending' | 'in-progress' | 'completed'

/** Whose list: the session's own, or with `shared` the one of the conversation that it belongs to. */
export type TodoList = { tenant: string; sessionId: string; shared: boolean }

/** Where lists are kept. All instances see the same; nothing is lost between two changes. */
export type TodoStore = {
  read(list: TodoList): Promise<Todo[]>
  /** Changes a list while nobody else does, and returns it. What `change` throws is passed on. */
  update(list: TodoList, change: (todos: Todo[]) => Todo[]): Promise<Todo[]>
}

/** Makes the factory of todo toolsets over a store. */
export function createTodoToolset({ todos }: { todos: TodoStore }) {
  return (config: Record<string, unknown>): Toolset => {
    const { shared, ...common } = readToolsetConfig('todo', fields, config)
    const settings: Settings = {
      todos,
      listOf: ({ tenant, sessionId }) => ({ tenant, sessionId, shared }),
    }
    const tools = [
      createTodo(settings),
      createTodos(settings),
      updateTodos(settings),
      listTodos(settings),
    ]
    return toolsetOf('todo', tools, common)
  }
}

type Settings = { todos: TodoStore; listOf(context: ToolContext): TodoList }

const fields = { shared: z.boolean().default(false) }
const mostTodos = 200
const description = z.string().min(1).max(1000).describe('What is to be done')
const status = z.enum(['pending', 'in-progress', 'completed'])
const hints = { destructive: false, idempotent: true, open_world: false }

function createTodo(settings: Settings): Tool {
  return defineTool({
    name: 'create_todo',
    description: 'Adds one todo to the list.',
    input: z.strictObject({ description }),
    effect: 'idempotent',
    harmless: true,
    annotations: { title: 'Create todo', read_only: false, ...hints },
    execute: async (args, context) => textResult(await add(settings, [args.description], context)),
  })
}

function createTodos(settings: Settings): Tool {
  return defineTool({
    name: 'create_todos',
    description: 'Adds several todos to the list, in order.',
    input: z.strictObject({ descriptions: z.array(description).min(1).max(50) }),
    effect: 'idempotent',
    harmless: true,
    annotations: { title: 'Create todos', read_only: false, ...hints },
    execute: async (args, context) => textResult(await add(settings, args.descriptions, context)),
  })
}

function updateTodos(settings: Settings): Tool {
  return defineTool({
    name: 'update_todos',
    description: 'Sets the status of todos by their ids, which list_todos shows.',
    input: z.strictObject({
      updates: z
        .array(z.strictObject({ id: z.string(), status }))
        .min(1)
        .max(mostTodos),
    }),
    effect: 'idempotent',
    harmless: true,
    annotations: { title: 'Update todos', read_only: false, ...hints },
    async execute({ updates }, context) {
      const statuses = new Map(updates.map((update) => [update.id, update.status]))
      const list = settings.listOf(context)
      const known = new Set((await settings.todos.read(list)).map((todo) => todo.id))
      const unknown = [...statuses.keys()].filter((id) => !known.has(id))
      if (unknown.length > 0) {
        return errorResult(
          `There is no todo ${unknown.join(', ')}; list_todos shows the ids. Nothing was changed.`,
        )
      }
      const todos = await settings.todos.update(list, (before) =>
        before.map((todo) => ({ ...todo, status: statuses.get(todo.id) ?? todo.status })),
      )
      return textResult(describeList(todos))
    },
  })
}

function listTodos(settings: Settings): Tool {
  return defineTool({
    name: 'list_todos',
    description: 'Shows all todos with their ids and status.',
    input: z.strictObject({}),
    effect: 'read',
    harmless: true,
    annotations: { title: 'List todos', read_only: true, ...hints },
    execute: async (_, context) =>
      textResult(describeList(await settings.todos.read(settings.listOf(context)))),
  })
}

async function add(
  { todos, listOf }: Settings,
  descriptions: string[],
  context: ToolContext,
): Promise<string> {
  const { callId } = context
  const list = await todos.update(listOf(context), (before) => {
    if (before.some((todo) => todo.callId === callId)) return before
    if (before.length + descriptions.length > mostTodos) {
      throw new Error(`A list holds at most ${mostTodos} todos; this one has ${before.length}.`)
    }
    const first = before.length + 1
    const added = descriptions.map((text, index) => {
      const id = `todo_${first + index}`
      return {
        id,
        description: text.toWellFormed().replaceAll('\0', '\uFFFD'),
        status: 'pending' as const,
        callId,
      }
    })
    return [...before, ...added]
  })
  return describeList(list.filter((todo) => todo.callId === callId))
}

function describeList(todos: Todo[]): string {
  if (todos.length === 0) return 'There are no todos.'
  return todos.map((todo) => `${todo.id} [${todo.status}] ${todo.description}`).join('\n')
}
