import type { AgUiFrame } from './ag-ui-speaker.ts'

type Todo = { id: string; status: string; description: string }

/** The state of a thread: what the client sent, and the plan and the todos that the agent keeps. */
export function createState(given: unknown) {
  const state: Record<string, unknown> = isFields(given) ? { ...given } : {}
  let isShown = false

  function set(key: 'plan' | 'todos', value: unknown): AgUiFrame {
    state[key] = value
    const delta = { type: 'STATE_DELTA', delta: [{ op: 'add', path: `/${key}`, value }] }
    const frame = isShown ? delta : { type: 'STATE_SNAPSHOT', snapshot: { ...state } }
    isShown = true
    return frame
  }

  return {
    setPlan: (plan: string) => set('plan', plan),
    /** The tools of todos tell the ones that they made, or all, a line each. */
    addTodos(told: string): AgUiFrame {
      const kept = Array.isArray(state.todos) ? state.todos.filter(isTodo) : []
      const todos = new Map(kept.map((todo) => [todo.id, todo]))
      for (const todo of told.split('\n').flatMap(readTodo)) todos.set(todo.id, todo)
      return set('todos', [...todos.values()])
    },
  }
}

/** Tools whose result tells todos. */
export const todoTools: ReadonlySet<string> = new Set([
  'create_todo',
  'create_todos',
  'update_todos',
  'list_todos',
])

function readTodo(line: string): Todo[] {
  const [, id, status, description] = /^(\S+) \[([a-z-]+)\] (.*)$/.exec(line) ?? []
  return id && status && description ? [{ id, status, description }] : []
}

function isTodo(value: unknown): value is Todo {
  return isFields(value) && typeof value.id === 'string'
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
