import type { RuntimeEvent } from '#contract/event.ts'
import { isTerminal } from './acknowledged-rules.ts'
import type { Evidence, Rule } from './evidence.ts'
import { streamsOf } from './history.ts'

export const runRules: readonly Rule[] = [
  { promise: 'R4', name: 'no run is left open', find: findOpenRuns },
  { promise: 'R6', name: 'an answer is what its pieces say', find: findForeignText },
  { promise: 'R6', name: 'an ended run stays as it ended', find: findChangedEnds },
  { promise: 'R7', name: 'runs of a session follow each other', find: findInterleaved },
]

function findOpenRuns({ contents }: Evidence): string[] {
  return contents.runs
    .filter(({ status }) => !isTerminal(status))
    .map(({ id, sessionId, status }) => `${id} of ${sessionId} is still ${status}`)
}

/**
 * Messages whose text differs from the pieces that were streamed for them: what a paused owner
 * writes after another one took over stands between the pieces of that one.
 */
function findForeignText({ contents }: Evidence): string[] {
  return [...contents.logs].flatMap(([session, log]) => {
    const found: string[] = []
    let pieces: Extract<RuntimeEvent, { type: 'agent_choice' }>[] = []
    for (const { event } of log) {
      if (event.type === 'step_started') pieces = []
      if (event.type === 'step_restarted') pieces = pieces.filter(({ seq }) => seq <= event.keep_to)
      if (event.type === 'agent_choice') pieces.push(event)
      if (event.type !== 'message_added' || event.message.role !== 'assistant') continue
      const text = pieces.map(({ content }) => content).join('')
      if (text !== event.message.content) {
        found.push(
          `${session} seq ${event.seq}: streamed “${text}”, stored “${event.message.content}”`,
        )
      }
      pieces = []
    }
    return found
  })
}

/** Runs with another end than the one that their log, or a client's stream, told. */
function findChangedEnds({ history, contents }: Evidence): string[] {
  const statuses = new Map(contents.runs.map(({ id, status }) => [id, status]))
  const told = [
    ...[...contents.logs.values()].flat().map(({ data }) => data),
    ...streamsOf(history).flatMap(({ frames }) => frames.map(({ data }) => data)),
  ]
  const ends = new Map<string, string>()
  for (const data of told.filter((line) => line.startsWith('{"type":"stream_stopped"'))) {
    const { run_id, reason } = JSON.parse(data)
    ends.set(`${run_id} ${reason}`, run_id)
  }
  return [...ends].flatMap(([end, run]) => {
    const reason = end.slice(run.length + 1)
    const expected = reason === 'max_iterations' ? 'completed' : reason
    return statuses.get(run) === expected
      ? []
      : [`${run} ended ${reason} and is ${statuses.get(run)}`]
  })
}

function findInterleaved({ contents }: Evidence): string[] {
  return [...contents.logs].flatMap(([session, log]) => {
    const found: string[] = []
    let open: string | null = null
    for (const { event } of log) {
      if (event.session_id !== session) continue
      if (event.type === 'stream_started') {
        if (open !== null) found.push(`${event.run_id} began in ${session} before ${open} ended`)
        open = event.run_id
      }
      if (event.type === 'stream_stopped') open = null
    }
    return found
  })
}
