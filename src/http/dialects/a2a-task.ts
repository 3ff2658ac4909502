import type { Run } from '#contract/run.ts'
import type { SessionDetail } from '#contract/session.ts'
import { A2aFault } from './a2a-fault.ts'
import { dataPart, textPart, toA2aMessage } from './a2a-message.ts'
import { pendingQuestion, type Question, toParts } from './a2a-questions.ts'
import type { Call } from './dialect.ts'

export type TaskState = (typeof states)[Run['status']]

/** A run is a task. */
export const states = {
  queued: 'TASK_STATE_SUBMITTED',
  running: 'TASK_STATE_WORKING',
  waiting: 'TASK_STATE_INPUT_REQUIRED',
  completed: 'TASK_STATE_COMPLETED',
  failed: 'TASK_STATE_FAILED',
  cancelled: 'TASK_STATE_CANCELED',
} as const satisfies Record<Run['status'], string>

export type Task = { run: Run; detail: SessionDetail; contextId: string; structured: boolean }

/** The caller's task of this agent; `task_not_found` also for what is somebody else's. */
export async function findTask(house: Call['house'], agent: string, id: string): Promise<Task> {
  const run = await house.runs.get(id)
  const detail = run && run.agent === agent ? await house.sessions.detail(run.session_id, 0) : null
  if (!run || !detail) throw new A2aFault('task_not_found', `There is no task ${id}`)
  return { run, detail, ...contextOf(house, run, detail) }
}

export function contextOf(
  { agents }: Call['house'],
  { agent, agent_name }: Pick<Run, 'agent' | 'agent_name'>,
  { id, external_id }: Pick<SessionDetail, 'id' | 'external_id'>,
) {
  const spec = agents.get(agent)?.file.agents[agent_name]
  return { contextId: external_id ?? id, structured: spec?.structured_output !== undefined }
}

/** What the task waits for; a question that a tool holds open does not park the run. */
export function questionOf({ run, detail }: Pick<Task, 'run' | 'detail'>): Question | null {
  if (detail.active_run_id !== run.id) return null
  return pendingQuestion(detail, run.waiting_for?.kind)
}

/** Everything was answered, and the run is about to go on. */
export function isBetween(task: Pick<Task, 'run' | 'detail'>): boolean {
  return task.run.status === 'waiting' && questionOf(task) === null
}

export function isOver({ status }: Pick<Run, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

/** The task as it stands, with what was said in it and its answer. */
export async function showTask(
  house: Call['house'],
  task: Task,
  { historyLength, artifacts = true }: { historyLength?: number | undefined; artifacts?: boolean },
): Promise<object> {
  const { run } = task
  const [history, answer] = await Promise.all([
    readHistory(house, task, historyLength),
    artifacts && run.status === 'completed' ? house.runs.answer(run.id) : null,
  ])
  return toTask(task, {
    history,
    artifacts: answer?.content ? [toArtifact(answer.content, task.structured)] : [],
  })
}

export function toTask(
  task: Task,
  { history, artifacts }: { history: object[]; artifacts: object[] },
): object {
  const { run, contextId } = task
  return {
    id: run.id,
    contextId,
    status: statusOf(task),
    artifacts,
    history,
    metadata: { agent: run.agent, ...(run.stop_reason && { stop_reason: run.stop_reason }) },
  }
}

function statusOf(task: Task): object {
  const { run } = task
  const question = questionOf(task)
  const state = isBetween(task) ? states.running : states[run.status]
  const parts = question ? toParts(question) : failureParts(run)
  return toStatus({
    state: question ? states.waiting : state,
    timestamp: run.finished_at ?? run.started_at ?? run.created_at,
    ...(parts && { message: agentMessage(task, { id: `${run.id}-status`, parts }) }),
  })
}

function failureParts({ error }: Run): object[] | null {
  return error ? [textPart(error.message)] : null
}

export function toStatus(status: { state: string; timestamp: string; message?: object }): object {
  return status
}

/** Words of the agent that are not part of the conversation. */
export function agentMessage(
  { run, contextId }: { run: Pick<Run, 'id'>; contextId: string },
  { id, parts }: { id: string; parts: object[] },
): object {
  return { messageId: id, contextId, taskId: run.id, role: 'ROLE_AGENT', parts }
}

export const answerId = 'answer'

export function toArtifact(text: string, structured: boolean): object {
  return { artifactId: answerId, name: answerId, parts: [answerPart(text, structured)] }
}

export function answerPart(text: string, structured: boolean): object {
  const value = structured ? parsed(text) : undefined
  return value === undefined ? textPart(text) : dataPart(value)
}

/** The newest of what was said, oldest first. */
async function readHistory(
  house: Call['house'],
  { run, contextId }: Task,
  most = mostHistory,
): Promise<object[]> {
  if (most === 0) return []
  const said = await house.runs.said(run.id, Math.min(most, mostHistory))
  const place = { taskId: run.id, contextId }
  return said
    .map((message) => toA2aMessage(message, place))
    .filter((message) => message !== null)
    .toReversed()
}

const mostHistory = 100

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
