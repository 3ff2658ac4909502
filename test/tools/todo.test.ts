import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '#store/database.ts'
import { createSessionLists } from '#store/session-lists.ts'
import { createTodoToolset, type Todo } from '#tools/todo.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { callTool, toolContext } from './tool-context.ts'

let opened: TestDatabase
let database: Database
let sessions = 0

beforeAll(async () => {
  opened = await openTestDatabase()
  database = opened.database
})
afterAll(async () => await opened.close())

async function session(rootId: string | null = null, tenant = 'default'): Promise<string> {
  sessions += 1
  const id = `ses_todos_${process.pid}_${sessions}`
  await database.query(
    `insert into sessions (id, tenant, owner, root_id) values ($1, $2, 'local', $3)`,
    [id, tenant, rootId],
  )
  return id
}

function todoToolset(config: Record<string, unknown> = {}) {
  return createTodoToolset({ todos: createSessionLists<Todo>({ database, table: 'todos' }) })({
    type: 'todo',
    ...config,
  })
}

function result(output: string) {
  return { type: 'result', output, is_error: false }
}

test('todos are added, changed and listed', async () => {
  const toolset = todoToolset()
  const sessionId = await session()
  const call = (name: string, args: Record<string, unknown>) =>
    callTool(toolset, name, args, toolContext({ sessionId }))
  expect(await call('list_todos', {})).toEqual(result('There are no todos.'))
  expect(await call('create_todo', { description: 'one' })).toEqual(result('todo_1 [pending] one'))
  expect(await call('create_todos', { descriptions: ['two', 'th\0ree\uD800'] })).toEqual(
    result('todo_2 [pending] two\ntodo_3 [pending] th\uFFFDree\uFFFD'),
  )
  const updates = [
    { id: 'todo_1', status: 'completed' },
    { id: 'todo_2', status: 'in-progress' },
  ]
  await call('update_todos', { updates })
  const list =
    'todo_1 [completed] one\ntodo_2 [in-progress] two\ntodo_3 [pending] th\uFFFDree\uFFFD'
  expect(await call('list_todos', {})).toEqual(result(list))
})

test('todos touch nothing outside, so they need no approval', async () => {
  const tools = await todoToolset().tools(toolContext())
  expect(tools.map((tool) => tool.harmless)).toEqual([true, true, true, true])
})

test('a toolset that was made anew, as after a restart, finds the list', async () => {
  const context = toolContext({ sessionId: await session() })
  await callTool(todoToolset(), 'create_todo', { description: 'kept' }, context)
  expect(await callTool(todoToolset(), 'list_todos', {}, context)).toEqual(
    result('todo_1 [pending] kept'),
  )
})

test('the same call again, as after a crash, adds nothing', async () => {
  const toolset = todoToolset()
  const context = toolContext({ sessionId: await session() })
  const args = { descriptions: ['a', 'b'] }
  const first = await callTool(toolset, 'create_todos', args, context)
  expect(await callTool(toolset, 'create_todos', args, context)).toEqual(first)
  expect(await callTool(toolset, 'list_todos', {}, context)).toEqual(first)
})

test('todos that are added side by side are all kept, with ids of their own', async () => {
  const toolset = todoToolset()
  const sessionId = await session()
  const add = (description: string) =>
    callTool(toolset, 'create_todo', { description }, toolContext({ sessionId }))
  await Promise.all(Array.from({ length: 20 }, (_, index) => add(`<${index}>`)))
  const outcome = await callTool(toolset, 'list_todos', {}, toolContext({ sessionId }))
  const lines = outcome.type === 'result' ? outcome.output.split('\n') : []
  expect(lines.map((line) => line.split(' ')[0])).toEqual(
    Array.from({ length: 20 }, (_, index) => `todo_${index + 1}`),
  )
  expect(new Set(lines.map((line) => line.split(' ')[2])).size).toBe(20)
})

test('an id that is not on the list changes nothing', async () => {
  const toolset = todoToolset()
  const context = toolContext({ sessionId: await session() })
  await callTool(toolset, 'create_todo', { description: 'one' }, context)
  const updates = [
    { id: 'todo_1', status: 'completed' },
    { id: 'todo_9', status: 'completed' },
  ]
  expect(await callTool(toolset, 'update_todos', { updates }, context)).toMatchObject({
    is_error: true,
    output: 'There is no todo todo_9; list_todos shows the ids. Nothing was changed.',
  })
  expect(await callTool(toolset, 'list_todos', {}, context)).toEqual(result('todo_1 [pending] one'))
})

test('a shared list is that of the whole conversation, another is the session’s own', async () => {
  const root = toolContext({ sessionId: await session() })
  const child = toolContext({ sessionId: await session(root.sessionId) })
  await callTool(todoToolset({ shared: true }), 'create_todo', { description: 'ours' }, child)
  await callTool(todoToolset(), 'create_todo', { description: 'mine' }, child)
  const list = (shared: boolean, context: typeof root) =>
    callTool(todoToolset({ shared }), 'list_todos', {}, context)
  expect(await list(true, root)).toEqual(result('todo_1 [pending] ours'))
  expect(await list(true, child)).toEqual(result('todo_1 [pending] ours'))
  expect(await list(false, child)).toEqual(result('todo_1 [pending] mine'))
})

test('another tenant neither sees a list nor adds to it', async () => {
  const context = toolContext({ sessionId: await session() })
  await callTool(todoToolset(), 'create_todo', { description: 'secret' }, context)
  const stranger = { ...context, tenant: 'other', callId: 'call_stranger' }
  expect(await callTool(todoToolset(), 'list_todos', {}, stranger)).toEqual(
    result('There are no todos.'),
  )
  expect(
    await callTool(todoToolset(), 'create_todo', { description: 'x' }, stranger),
  ).toMatchObject({ is_error: true })
  expect(await callTool(todoToolset(), 'list_todos', {}, context)).toEqual(
    result('todo_1 [pending] secret'),
  )
})

test('a list holds 200 todos', async () => {
  const toolset = todoToolset()
  const sessionId = await session()
  const add = (count: number) => {
    const args = { descriptions: Array.from({ length: count }, () => 'x') }
    return callTool(toolset, 'create_todos', args, toolContext({ sessionId }))
  }
  for (let turn = 0; turn < 4; turn += 1) expect(await add(50)).toMatchObject({ is_error: false })
  expect(await add(1)).toMatchObject({
    is_error: true,
    output: 'A list holds at most 200 todos; this one has 200.',
  })
})
