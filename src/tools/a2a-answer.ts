import type { Artifact, Message, Part, StreamResponse, Task, TaskState } from '@a2a-js/sdk'
import { errorResult, type ToolOutcome, textResult } from '#runtime/tool.ts'
import { toStorableText } from './storable.ts'

type TaskStates = typeof TaskState

export type Answer = {
  /** What can be shown of the event as progress, or ''. */
  add(event: StreamResponse): string
  /** The task as it stands, in place of what was gathered. */
  addTask(task: Task): void
  /** The id of a task that the agent is still at. */
  openTask(): string | null
  outcome(): ToolOutcome
}

/** Gathers what an agent sends in the course of one message into one result. */
export function createAnswer(states: TaskStates): Answer {
  const artifacts = new Map<string, string>()
  let task: { id: string; contextId: string } | null = null
  let state: TaskState = states.TASK_STATE_UNSPECIFIED
  let said = ''

  function addStatus(status: { state: TaskState; message: Message | undefined } | undefined) {
    if (!status) return ''
    state = status.state
    const text = status.message ? textOf(status.message.parts) : ''
    if (text !== '') said = text
    return text
  }

  function addArtifact({ artifactId, parts }: Artifact, append: boolean): string {
    const text = textOf(parts)
    const before = append ? (artifacts.get(artifactId) ?? '') : ''
    artifacts.set(artifactId, before + text)
    return text
  }

  function addTask({ id, contextId, status, artifacts: finished }: Task): string {
    task = { id, contextId }
    for (const artifact of finished) addArtifact(artifact, false)
    return addStatus(status)
  }

  function openTask(): string | null {
    const { TASK_STATE_SUBMITTED, TASK_STATE_WORKING, TASK_STATE_UNSPECIFIED } = states
    const isOpen = [TASK_STATE_SUBMITTED, TASK_STATE_WORKING, TASK_STATE_UNSPECIFIED].includes(
      state,
    )
    return task && isOpen ? task.id : null
  }

  return {
    add({ payload }) {
      switch (payload?.$case) {
        case 'message':
          said = textOf(payload.value.parts)
          return ''
        case 'task':
          return toProgress(addTask(payload.value))
        case 'statusUpdate':
          task = { id: payload.value.taskId, contextId: payload.value.contextId }
          return toProgress(addStatus(payload.value.status))
        case 'artifactUpdate': {
          const { artifact, append } = payload.value
          return artifact ? toStorableText(addArtifact(artifact, append)) : ''
        }
        default:
          return ''
      }
    },
    addTask,
    openTask,
    outcome() {
      const text = toStorableText([...artifacts.values()].join('\n\n') || said)
      const reference = task ? `context_id ${task.contextId}, task_id ${task.id}` : ''
      switch (state) {
        case states.TASK_STATE_FAILED:
          return errorResult(withText('The agent failed at the task.', text))
        case states.TASK_STATE_REJECTED:
          return errorResult(withText('The agent refused the task.', text))
        case states.TASK_STATE_CANCELED:
          return errorResult(withText('The task was cancelled.', text))
        case states.TASK_STATE_INPUT_REQUIRED:
          return textResult(`The agent asks: ${said}\nAnswer it with ${reference}.`)
        case states.TASK_STATE_AUTH_REQUIRED:
          return errorResult(`The agent wants the user to sign in first. ${said}`)
        default:
          if (openTask()) return errorResult(`The agent is still at it (${reference}). ${text}`)
          return textResult(text || '(no text)')
      }
    },
  }
}

function withText(ending: string, text: string): string {
  return text === '' ? ending : `${ending}\n${text}`
}

function toProgress(text: string): string {
  return text === '' ? '' : `${toStorableText(text)}\n`
}

function textOf(parts: Part[]): string {
  return parts.map(describePart).join('')
}

function describePart({ content, filename, mediaType }: Part): string {
  switch (content?.$case) {
    case 'text':
      return content.value
    case 'data':
      return JSON.stringify(content.value)
    case 'url':
      return `[file ${filename || mediaType} at ${content.value}]`
    case 'raw':
      return `[file ${filename || mediaType}, not shown]`
    default:
      return ''
  }
}
