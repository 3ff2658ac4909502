import type { Client } from './create-client.ts'
import { StreamError } from './errors.ts'
import { connectRun } from './follow.ts'
import { type Connect, resumeStream, type StreamOptions } from './resume-stream.ts'
import type { ChatRequest, RunRequest, RuntimeEvent } from './schemas.ts'

/**
 * Runs an agent in a session and gives the run's events to its end. The run is started once: when
 * the connection breaks, its events go on as in `followRun`. Throws when the start itself fails, also
 * with `ConnectionError`; whether the run began is then to be seen in the session.
 */
export function runAgent(
  client: Client,
  {
    session,
    agent,
    agentName,
    signal,
    onOpen,
    onReconnect,
    retryDelay,
    silenceLimit,
    ...body
  }: RunRequest &
    StreamOptions & { session: string; agent: string; agentName?: string | undefined },
): AsyncGenerator<RuntimeEvent, void, undefined> {
  const path = { session, agent }
  const options = { signal, onOpen, onReconnect, retryDelay, silenceLimit }
  return followStarted(client, options, (request) =>
    agentName === undefined
      ? client.POST('/api/sessions/{session}/agent/{agent}', {
          params: { path },
          body,
          ...request,
        })
      : client.POST('/api/sessions/{session}/agent/{agent}/{agent_name}', {
          params: { path: { ...path, agent_name: agentName } },
          body,
          ...request,
        }),
  )
}

/**
 * One message to an agent, in a session that may not exist yet; the events name it. Otherwise as
 * `runAgent`.
 */
export function chat(
  client: Client,
  { signal, onOpen, onReconnect, retryDelay, silenceLimit, ...body }: ChatRequest & StreamOptions,
): AsyncGenerator<RuntimeEvent, void, undefined> {
  const options = { signal, onOpen, onReconnect, retryDelay, silenceLimit }
  return followStarted(client, options, (request) => client.POST('/api/chat', { body, ...request }))
}

type Start = (request: {
  headers: Record<string, string>
  parseAs: 'stream'
  signal: AbortSignal
}) => ReturnType<Connect>

function followStarted(
  client: Client,
  options: StreamOptions,
  start: Start,
): AsyncGenerator<RuntimeEvent, void, undefined> {
  let runId: string | undefined

  function knownRun(): string {
    if (runId !== undefined) return runId
    throw new StreamError(
      'The stream ended before it said which run it belongs to; look into the session for the run',
    )
  }

  return resumeStream({
    ...options,
    async open({ signal }) {
      const headers = { accept: 'text/event-stream' }
      const answer = await start({ headers, parseAs: 'stream', signal })
      runId = runOf(answer.response.headers.get('location'))
      return answer
    },
    resume: connectRun(client, knownRun),
    isLast(event) {
      // The first event is always of the run itself.
      runId ??= event.run_id
      return event.type === 'stream_stopped' && event.run_id === runId
    },
  })
}

/** The run in `/api/runs/{run}`. */
function runOf(location: string | null): string | undefined {
  return location?.match(/\/runs\/([^/?#]+)/)?.[1]
}
