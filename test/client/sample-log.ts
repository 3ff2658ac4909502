import { type EventBody, RuntimeEvent as RuntimeEventSchema } from '#contract/event.ts'
import type { Message } from '#contract/message.ts'
import { noUsage } from '#contract/usage.ts'
import type { RuntimeEvent } from '../../src/client/index.ts'

export const session = 'ses_1'
export const run = 'run_1'

type Subject = { run_id: string; session_id: string }
const root: Subject = { run_id: run, session_id: session }
const sub: Subject = { run_id: 'run_2', session_id: 'ses_2' }

/** A log as a server keeps it: seqs from `first` without a gap, every event valid. */
export function toLog(
  bodies: (EventBody & Partial<Subject> & { seq_from?: number | undefined })[],
  first = 1,
): RuntimeEvent[] {
  return bodies.map((body, index) =>
    toEvent({
      ...root,
      agent: 'root',
      timestamp: '2026-01-31T12:00:00.000Z',
      ...body,
      seq: first + index,
    }),
  )
}

/** The generated type is made from this schema; it only spells optional fields in another way. */
function toEvent(value: object): RuntimeEvent {
  return RuntimeEventSchema.parse(value) as RuntimeEvent
}

/** One run whose text is more than ASCII and that hands a task to a sub-agent's run. */
export function sampleLog(): RuntimeEvent[] {
  return toLog([
    { type: 'user_message', message_id: 'msg_1', message: toMessage('msg_1', 'user', 'Grüezi') },
    started,
    { type: 'step_started', step: 1 },
    ...deltas(['Ein ', 'Bär 🐻', ' brummt\n']),
    { ...started, ...sub },
    { ...stopped, ...sub },
    ...deltas(['–', ' laut'], 'Ein Bär 🐻 brummt\n'.length),
    {
      type: 'message_added',
      message_id: 'msg_2',
      message: toMessage('msg_2', 'assistant', 'Ein Bär 🐻 brummt\n– laut', 'msg_1'),
    },
    stopped,
  ])
}

export const started: EventBody = {
  type: 'stream_started',
  agent_info: { model: 'fake/one', description: '', version: '1' },
}

export const stopped: EventBody = {
  type: 'stream_stopped',
  reason: 'completed',
  completed: true,
  usage: noUsage,
}

/** The deltas of one part, each where the one before ended. */
export function deltas(texts: string[], start = 0): EventBody[] {
  let offset = start
  return texts.map((content) => {
    const body: EventBody = { type: 'agent_choice', content, part: 0, offset }
    offset += content.length
    return body
  })
}

export function toMessage(
  id: string,
  role: Message['role'],
  content: string,
  parentId: string | null = null,
): Message {
  return {
    id,
    parent_id: parentId,
    role,
    agent_name: role === 'assistant' ? 'root' : null,
    status: 'complete',
    content,
    created_at: '2026-01-31T12:00:00.000Z',
  }
}
