import type { CallRecord } from './call-record.ts'

export type TodoLine = {
  readonly id: string
  readonly status: 'pending' | 'in-progress' | 'completed'
  readonly text: string
}

const tools = new Set(['create_todo', 'create_todos', 'update_todos', 'list_todos'])

/** The list as the todo tools last told it, in the order in which the calls came. */
export function todosOf(calls: Iterable<CallRecord>): TodoLine[] {
  const todos = new Map<string, TodoLine>()
  for (const { tool_call, state, response } of calls) {
    if (state !== 'succeeded' || !tools.has(tool_call.function.name)) continue
    for (const todo of readTodos(response ?? '')) todos.set(todo.id, todo)
  }
  return [...todos.values()]
}

function readTodos(text: string): TodoLine[] {
  const lines = text.matchAll(/^(todo_\d+) \[(pending|in-progress|completed)\] (.*)$/gm)
  return [...lines].flatMap(([, id, status, said]) =>
    id && isStatus(status) ? [{ id, status, text: said ?? '' }] : [],
  )
}

function isStatus(status: string | undefined): status is TodoLine['status'] {
  return status === 'pending' || status === 'in-progress' || status === 'completed'
}
