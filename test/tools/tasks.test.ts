import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '#store/database.ts'
import { createSessionLists } from '#store/session-lists.ts'
import type { Task } from '#tools/task-list.ts'
import { createTasksToolset } from '#tools/tasks.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { callTool, toolContext } from './tool-context.ts'

let opened: TestDatabase
let database: Database
let made = 0

beforeAll(async () => {
  opened = await openTestDatabase()
  database = opened.database
})
afterAll(async () => await opened.close())

/** The tasks of a new session; a call gives its output, with `error: ` before a failure. */
async function openTasks() {
  made += 1
  const sessionId = `ses_tasks_${made}`
  await database.query(`insert into sessions (id, tenant, owner) values ($1, 'default', 'local')`, [
    sessionId,
  ])
  const store = createSessionLists<Task>({ database, table: 'tasks' })
  const toolset = createTasksToolset({ tasks: store })({ type: 'tasks' })
  return async (name: string, args: Record<string, unknown> = {}, own: object = {}) => {
    const outcome = await callTool(toolset, name, args, toolContext({ sessionId, ...own }))
    if (outcome.type !== 'result') throw new Error('tasks ask nobody')
    return outcome.is_error ? `error: ${outcome.output}` : outcome.output
  }
}

test('tasks are made, shown, changed and deleted', async () => {
  const call = await openTasks()
  expect(await call('list_tasks')).toBe('There are no such tasks.')
  expect(await call('create_task', { title: 'Build', description: 'all\nof it' })).toBe(
    'task_1 [pending, medium] Build\n  all\n  of it',
  )
  await call('create_task', { title: 'Ship', priority: 'high', dependencies: ['task_1'] })
  expect(await call('get_task', { id: 'task_2' })).toBe(
    'task_2 [pending, high, waits for task_1] Ship',
  )
  await call('update_task', { id: 'task_1', title: 'Make', description: '', status: 'done' })
  expect(await call('list_tasks')).toBe('task_1 [done, medium] Make\ntask_2 [pending, high] Ship')
  expect(await call('list_tasks', { status: 'done', priority: 'low' })).toContain('no such')
  await call('delete_task', { id: 'task_1' })
  expect(await call('list_tasks')).toBe('task_2 [pending, high] Ship')
  expect(await call('get_task', { id: 'task_1' })).toContain('error: There is no task task_1')
})

test('next is what was begun, else the most urgent that waits for nothing', async () => {
  const call = await openTasks()
  expect(await call('next_task')).toBe('There are no tasks.')
  await call('create_task', { title: 'a', priority: 'low' })
  await call('create_task', { title: 'b', priority: 'critical', dependencies: ['task_1'] })
  await call('create_task', { title: 'c', priority: 'high' })
  const next = async () => (await call('next_task')).slice(0, 6)
  expect(await next()).toBe('task_3')
  await call('update_task', { id: 'task_1', status: 'in_progress' })
  expect(await next()).toBe('task_1')
  await call('update_task', { id: 'task_1', status: 'done' })
  expect(await next()).toBe('task_2')
  await call('update_task', { id: 'task_2', status: 'done' })
  await call('update_task', { id: 'task_3', status: 'done' })
  expect(await call('next_task')).toBe('Every task is done.')
})

test('tasks that would wait for each other are refused, with the circle', async () => {
  const call = await openTasks()
  for (const title of ['a', 'b', 'c']) await call('create_task', { title })
  const depend = (task_id: string, depends_on: string) =>
    call('add_dependency', { task_id, depends_on })
  await depend('task_2', 'task_1')
  await depend('task_3', 'task_2')
  expect(await depend('task_1', 'task_3')).toBe(
    'error: task_1 cannot depend on task_3: they would wait for each other (task_1 → task_3 → task_2 → task_1). Nothing was changed.',
  )
  expect(await depend('task_1', 'task_1')).toContain('would wait for each other')
  expect(await depend('task_1', 'task_9')).toContain('There is no task task_9')
  await call('remove_dependency', { task_id: 'task_3', depends_on: 'task_2' })
  expect(await depend('task_1', 'task_3')).toBe('task_1 [pending, medium, waits for task_3] a')
})

test('a task that waits is not begun', async () => {
  const call = await openTasks()
  await call('create_task', { title: 'a' })
  await call('create_task', { title: 'b', dependencies: ['task_1'] })
  expect(await call('update_task', { id: 'task_2', status: 'in_progress' })).toContain(
    'error: task_2 waits for task_1',
  )
  await call('delete_task', { id: 'task_1' })
  expect(await call('update_task', { id: 'task_2', status: 'in_progress' })).toContain(
    'in_progress',
  )
})

test('a call that is repeated adds nothing, and calls at the same time lose nothing', async () => {
  const call = await openTasks()
  await call('create_task', { title: 'once' }, { callId: 'call_same' })
  await call('create_task', { title: 'once' }, { callId: 'call_same' })
  await Promise.all(Array.from({ length: 8 }, () => call('create_task', { title: 'x' })))
  expect((await call('list_tasks')).split('\n').map((line) => line.split(' ')[0])).toEqual(
    Array.from({ length: 9 }, (_, index) => `task_${index + 1}`),
  )
})

test('a list holds 200 tasks', async () => {
  const call = await openTasks()
  for (let index = 0; index < 200; index += 1) await call('create_task', { title: 'x' })
  expect(await call('create_task', { title: 'x' })).toContain('at most 200 tasks')
})
