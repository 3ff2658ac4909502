import { setTimeout } from 'node:timers/promises'
import type { Run } from '#contract/run.ts'
import { A2aFault } from './a2a-fault.ts'
import { type A2aMessage, invalid, readMessage } from './a2a-message.ts'
import { answerQuestion } from './a2a-questions.ts'
import {
  findTask,
  isBetween,
  isOver,
  questionOf,
  showTask,
  states,
  type Task,
  toTask,
} from './a2a-task.ts'
import { createA2aView } from './a2a-view.ts'
import type { Call, EventView } from './dialect.ts'
import { type Fields, isFields } from './fields.ts'

type House = Call['house']
type Started = Awaited<ReturnType<House['runs']['start']>>

/** One operation, whatever the binding: a value, or the updates of a task. */
export type Outcome =
  | { type: 'value'; value: object }
  | { type: 'whole'; task: object }
  | {
      type: 'updates'
      sessionId: string
      after: number
      view(encode: (response: object) => string): EventView
    }

export type Operation = (house: House, agent: string, params: Fields) => Promise<Outcome>

export const sendMessage: Operation = async (house, agent, params) => {
  const { message, historyLength, returnImmediately } = readSend(params)
  const begun = await begin(house, agent, message)
  const task =
    'task' in begun ? begun.task : await reach(house, agent, begun.started, returnImmediately)
  return { type: 'value', value: { task: await showTask(house, task, { historyLength }) } }
}

/** The task as it is now, or once it is over or waits for its client. */
async function reach(house: House, agent: string, started: Started, now: boolean): Promise<Task> {
  for (;;) {
    if (!now) await house.runs.collect(started, () => undefined)
    const task = await findTask(house, agent, started.run.id)
    if (now || !isBetween(task)) return task
    await setTimeout(lookEvery)
  }
}

/** Milliseconds. */
const lookEvery = 50

export const streamMessage: Operation = async (house, agent, params) => {
  const { message, historyLength } = readSend(params)
  const begun = await begin(house, agent, message)
  if ('started' in begun) {
    const task = await findTask(house, agent, begun.started.run.id)
    return follow(task, { after: begun.started.after, past: begun.past })
  }
  // Something else waits already: there is nothing to follow until that is answered.
  return { type: 'whole', task: await showTask(house, begun.task, { historyLength }) }
}

/** All updates of the task, from its first: what the client has of them it takes again. */
export const subscribe: Operation = async (house, agent, params) => {
  const task = await findTask(house, agent, readTaskId(params))
  const bounds = await house.events.runBounds(task.run.id)
  if (isOver(task.run) || !bounds) {
    throw new A2aFault('unsupported_operation', `Task ${task.run.id} is over`)
  }
  return follow(task, { after: bounds.after, past: task.detail.last_seq })
}

export const getTask: Operation = async (house, agent, params) => {
  const task = await findTask(house, agent, readTaskId(params))
  const historyLength = readLength(params.historyLength, 'historyLength')
  return { type: 'value', value: await showTask(house, task, { historyLength }) }
}

export const cancelTask: Operation = async (house, agent, params) => {
  const { run } = await findTask(house, agent, readTaskId(params))
  if (isOver(run)) {
    throw new A2aFault('task_not_cancelable', `Task ${run.id} is over: ${run.status}`)
  }
  await house.runs.cancel(run.id)
  const task = await findTask(house, agent, run.id)
  return { type: 'value', value: await showTask(house, task, {}) }
}

export const listTasks: Operation = async (house, agent, params) => {
  const pageSize = readLength(params.pageSize, 'pageSize') || 50
  if (pageSize > 100) throw invalid('pageSize', 'may be 100 at most')
  const historyLength = readLength(params.historyLength, 'historyLength') ?? 0
  const status = readState(params.status)
  if (status === null) return list([], { pageSize, nextPageToken: '', totalSize: 0 })
  const session = readText(params.contextId, 'contextId')
  const since = readTime(params.statusTimestampAfter)
  const page = await house.runs.ofAgent(
    { limit: pageSize, cursor: readText(params.pageToken, 'pageToken') ?? null },
    { agent, ...(session && { session }), ...(status && { status }), ...(since && { since }) },
  )
  const artifacts = params.includeArtifacts === true || params.includeArtifacts === 'true'
  const tasks = await Promise.all(
    page.data.map(async ({ id }) =>
      showTask(house, await findTask(house, agent, id), { historyLength, artifacts }),
    ),
  )
  return list(tasks, {
    pageSize,
    nextPageToken: page.next_cursor ?? '',
    totalSize: page.total,
  })
}

function list(
  tasks: object[],
  page: { pageSize: number; nextPageToken: string; totalSize: number },
): Outcome {
  return { type: 'value', value: { tasks, ...page } }
}

type Begun = { started: Started; past: number } | { task: Task }

async function begin(house: House, agent: string, message: A2aMessage): Promise<Begun> {
  if (message.taskId !== null) return goOn(house, agent, message, message.taskId)
  const started = await house.runs.chat({
    agent,
    messages: [message.posted],
    options: { on_max_iterations: 'stop' },
    ...(message.contextId !== null && { session: message.contextId }),
  })
  return { started, past: 0 }
}

/** The next message of a task: what it waits for, or words for an agent that works. */
async function goOn(
  house: House,
  agent: string,
  message: A2aMessage,
  taskId: string,
): Promise<Begun> {
  const task = await findTask(house, agent, taskId)
  const { run, detail, contextId } = task
  if (message.contextId !== null && ![contextId, detail.id].includes(message.contextId)) {
    throw invalid('message.contextId', `is not that of task ${taskId}`)
  }
  if (isOver(run)) {
    throw new A2aFault(
      'unsupported_operation',
      `Task ${taskId} is over (${run.status}); a message with its contextId alone begins another`,
    )
  }
  const question = questionOf(task)
  if (!question) {
    const bounds = await house.events.runBounds(run.id)
    const started = await house.runs.chat({
      agent,
      session: detail.id,
      messages: [message.posted],
      options: { on_busy: 'steer', on_max_iterations: 'stop' },
    })
    const joined = started.run.id === run.id && bounds
    return joined
      ? { started: { ...started, after: bounds.after }, past: detail.last_seq }
      : { started, past: 0 }
  }
  await answerQuestion(house, { session: detail.id, question, message })
  const next = await findTask(house, agent, taskId)
  if (questionOf(next)) return { task: next }
  return { started: { run: next.run, after: detail.last_seq, begun: true }, past: detail.last_seq }
}

function follow(task: Task, { after, past }: { after: number; past: number }): Outcome {
  const { run, contextId, structured, detail } = task
  const opening = toTask(task, { history: [], artifacts: [] })
  return {
    type: 'updates',
    sessionId: detail.id,
    after,
    view: (encode) => createA2aView({ run, contextId, structured, opening, past, encode }),
  }
}

function readSend(params: Fields) {
  const { configuration = {} } = params
  if (!isFields(configuration)) throw invalid('configuration', 'must be an object')
  if (isFields(configuration.taskPushNotificationConfig)) throw noPush()
  checkModes(configuration.acceptedOutputModes)
  return {
    message: readMessage(params.message),
    historyLength: readLength(configuration.historyLength, 'configuration.historyLength'),
    returnImmediately: configuration.returnImmediately === true,
  }
}

export function noPush(): A2aFault {
  return new A2aFault('push_not_supported', 'There are no push notifications; stream or poll')
}

function checkModes(modes: unknown): void {
  if (!Array.isArray(modes) || modes.length === 0) return
  if (modes.some((mode) => /^(\*|text|application)\/(\*|plain|markdown|json)$/.test(String(mode))))
    return
  throw new A2aFault(
    'content_type_not_supported',
    'Answers are text/plain, or application/json; acceptedOutputModes has neither',
  )
}

function readTaskId({ id }: Fields): string {
  if (typeof id === 'string' && id !== '') return id
  throw invalid('id', 'must be the id of a task')
}

/** A count, which a query gives as text. */
function readLength(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const count = Number(value)
  if (Number.isInteger(count) && count >= 0) return count
  throw invalid(path, 'must be a whole number from 0')
}

function readText(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string' && value.length <= 500) return value
  throw invalid(path, 'must be a string')
}

function readTime(value: unknown): string | undefined {
  const text = readText(value, 'statusTimestampAfter')
  if (text === undefined) return undefined
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw invalid('statusTimestampAfter', 'must be an ISO 8601 time')
  return new Date(time).toISOString()
}

/** undefined for any; null for a state that no task here has. */
function readState(value: unknown): Run['status'] | null | undefined {
  const any = value === undefined || value === '' || value === 0
  if (any || value === 'TASK_STATE_UNSPECIFIED') return undefined
  const known = Object.entries(states).find(([, state]) => state === value)
  if (known) return known[0] as Run['status']
  if (value === 'TASK_STATE_REJECTED' || value === 'TASK_STATE_AUTH_REQUIRED') return null
  throw invalid('status', 'must be a TASK_STATE')
}
