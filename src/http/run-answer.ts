import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Message } from '#contract/message.ts'
import type { Run, RunOptions, RunResult } from '#contract/run.ts'
import type { AgentCatalog } from '#runtime/catalog.ts'
import type { Feed, Frame, Runs, StartedRun } from '#runtime/runtime.ts'
import type { Scope } from '#store/scope.ts'
import type { AppContext } from './env.ts'
import { negotiate } from './negotiate.ts'
import { followUntilSettled } from './settled-run.ts'
import type { EventStreams } from './sse.ts'
import { createNativeView } from './stream-view.ts'
import { watchWaiting } from './waiting-run.ts'

export type RunReader = {
  get(scope: Scope, id: string): Promise<Run | null>
  /** The last answer of the run's agent. */
  answer(scope: Scope, id: string): Promise<Message | null>
}

export type RunAnswers = ReturnType<typeof createRunAnswers>

/** One started run in the representation that the caller asked for. */
export function createRunAnswers({
  streams,
  feed,
  runs,
  runReader,
  catalog,
}: {
  streams: EventStreams
  feed: Feed
  runs: Pick<Runs, 'cancel'>
  runReader: RunReader
  catalog: Pick<AgentCatalog, 'of'>
}) {
  return async function answer(c: AppContext, started: StartedRun, options: RunOptions) {
    const { run } = started
    const location = `${c.get('base')}/api/runs/${run.id}`
    const headers = { Location: location, 'Content-Location': `${location}/events` }
    const cancel = () => {
      // Nobody waits for the answer; a run that ended meanwhile stays as it is.
      runs.cancel(c.get('scope'), run.id).catch(() => undefined)
    }
    const onDisconnect = options.cancel_on_disconnect === true ? cancel : undefined
    if (prefersAsync(c.req.header('prefer'))) {
      return c.json(run, 202, { ...headers, 'Preference-Applied': 'respond-async' })
    }
    const type = negotiate(c.req.header('accept'), ['text/event-stream', 'application/json'])
    if (type === 'application/json') {
      const result = await waitForResult(c, started, options, onDisconnect)
      return c.json(result, 200, headers)
    }
    const { outgoing } = c.env
    const end = streams.open({
      outgoing,
      headers: { ...c.get('commonHeaders'), ...headers },
      sessionId: run.session_id,
      after: started.after,
      view: createNativeView({
        sessionId: run.session_id,
        untilRun: run.id,
        waits: !started.begun,
        eventNames: c.req.query('event_names') === 'true',
        namedHeartbeat: c.req.query('heartbeat') === 'event',
      }),
      ...(onDisconnect && { onDisconnect }),
    })
    if (!started.begun) {
      const readRun = (id: string) => runReader.get(c.get('scope'), id)
      watchWaiting({ runId: run.id, readRun, outgoing, onGone: end })
    }
    return RESPONSE_ALREADY_SENT
  }

  /** Follows the run until it is over or parked; the last answer passes by on the way. */
  async function waitForResult(
    c: AppContext,
    started: StartedRun,
    options: RunOptions,
    onDisconnect: (() => void) | undefined,
  ): Promise<RunResult> {
    let message: Message | null = null
    const settled = await followUntilSettled({
      started,
      feed,
      readRun: (runId) => runReader.get(c.get('scope'), runId),
      outgoing: c.env.outgoing,
      onFrame: (frame) => {
        message = answerIn(frame, started.run) ?? message
      },
      onDisconnect,
    })
    // Who comes later may be told by an event of the past that the run has settled since.
    const isLate = c.get('runKey')?.type === 'begun'
    if (isLate) message = await runReader.answer(c.get('scope'), settled.id)
    return toResult(c, settled, message, options)
  }

  function toResult(
    c: AppContext,
    run: Run,
    message: Message | null,
    options: RunOptions,
  ): RunResult {
    return { run, message, output: toOutput(c, run, message, options), completed: run.completed }
  }

  function toOutput(
    c: AppContext,
    run: Run,
    message: Message | null,
    options: RunOptions,
  ): unknown {
    if (!message) return null
    const file = catalog.of(c.get('scope').tenant).get(run.agent)?.file
    const format = options.response_format?.type
    const structured =
      format === 'json_schema' ||
      format === 'json_object' ||
      (format === undefined && file?.agents[run.agent_name]?.structured_output !== undefined)
    return structured ? parseOr(message.content) : message.content
  }
}

/** The caller wants the run as it was started, and no stream of it. */
export function prefersAsync(prefer: string | undefined): boolean {
  return (prefer ?? '')
    .split(',')
    .some((preference) => preference.split(';')[0]?.trim().toLowerCase() === 'respond-async')
}

/** The answer that a frame of the run's own session adds. */
function answerIn(frame: Frame, run: Run): Message | undefined {
  if (frame.type !== 'message_added' || frame.runId !== run.id) return undefined
  const { session_id, message } = JSON.parse(frame.json)
  return session_id === run.session_id && message.role === 'assistant' ? message : undefined
}

/** A model that answered something else than JSON is shown as it answered. */
function parseOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
