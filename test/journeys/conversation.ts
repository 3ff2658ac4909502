import { expect } from 'vitest'
import { followRun, type RunRequest } from '#client/index.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import type { Run, RunResult } from '#contract/run.ts'
import type { App } from '../support/app.ts'
import type { RecordedRequest } from '../support/model-server.ts'

type Asked = {
  session: string
  message?: string
  messages?: RunRequest['messages']
  agent?: string
  options?: Omit<RunRequest, 'messages'>
}

/** A new session; answers its id. */
export async function newSession({ client }: Pick<App, 'client'>, body: object = {}) {
  const { data } = await client.POST('/api/sessions', { body })
  return data.id
}

/** Runs the agent and waits until the run is over or parked. */
export async function ask(app: Pick<App, 'client'>, asked: Asked): Promise<RunResult> {
  const { data } = await post(app, asked, {})
  if (!('run' in data)) throw new Error('the answer is no result')
  return data
}

/** Begins a run and does not wait for it. */
export async function start(app: Pick<App, 'client'>, asked: Asked): Promise<Run> {
  const { data } = await post(app, asked, { prefer: 'respond-async' })
  if ('run' in data) throw new Error('the answer is no run')
  return data
}

function post(
  { client }: Pick<App, 'client'>,
  { session, message, messages, agent = 'assistant', options = {} }: Asked,
  header: { prefer?: string },
) {
  const posted = messages ?? [{ role: 'user' as const, content: message ?? 'Go on' }]
  return client.POST('/api/sessions/{session}/agent/{agent}', {
    params: { path: { session, agent }, header },
    body: { messages: posted, ...options },
  })
}

/** Follows a run until an event of the type has come; answers all that came. */
export async function until(
  { client }: Pick<App, 'client'>,
  runId: string,
  matches: RuntimeEvent['type'] | ((event: RuntimeEvent) => boolean),
): Promise<RuntimeEvent[]> {
  const events: RuntimeEvent[] = []
  for await (const event of followRun(client, { runId })) {
    events.push(event)
    if (typeof matches === 'string' ? event.type === matches : matches(event)) return events
  }
  throw new Error(`the run ended without ${matches}: ${events.map(({ type }) => type).join(', ')}`)
}

export async function getSession({ client }: Pick<App, 'client'>, session: string) {
  const { data } = await client.GET('/api/sessions/{session}', { params: { path: { session } } })
  return data
}

export async function resume(
  { client }: Pick<App, 'client'>,
  session: string,
  body: {
    confirmation: 'approve' | 'approve-session' | 'approve-tool' | 'reject'
    reason?: string
    tool_name?: string
    tool_call_id?: string
    arguments?: Record<string, unknown> | string
    budget?: NonNullable<RunRequest['budget']>
  },
): Promise<Run> {
  const { data } = await client.POST('/api/sessions/{session}/resume', {
    params: { path: { session } },
    body,
  })
  return data
}

export const lastQuestion = 'Are you there?'
export const lastAnswer = 'Still here'

/** The end of every journey: one more message works, and the model is shown whole exchanges. */
export async function expectGoesOn(
  app: Pick<App, 'client' | 'model'>,
  session: string,
  { agent = 'assistant' }: { agent?: string } = {},
): Promise<void> {
  app.model.push({ text: lastAnswer })
  const { run, output } = await ask(app, { session, agent, message: lastQuestion })
  expect({ status: run.status, error: run.error, output }).toEqual({
    status: 'completed',
    error: null,
    output: lastAnswer,
  })
  const last = app.model.requests.at(-1)
  expect(last && unpairedCalls(last)).toEqual([])
}

/** Calls without exactly one result right behind them, and results without a call. */
export function unpairedCalls({ body }: Pick<RecordedRequest, 'body'>): string[] {
  const faults: string[] = []
  let open: string[] = []
  for (const { role, tool_calls, tool_call_id = '' } of body.messages) {
    if (role === 'tool') {
      if (!open.includes(tool_call_id)) faults.push(`result of ${tool_call_id} without its call`)
      open = open.filter((id) => id !== tool_call_id)
      continue
    }
    faults.push(...open.map((id) => `${id} has no result`))
    open = idsOf(tool_calls)
  }
  return [...faults, ...open.map((id) => `${id} has no result`)]
}

function idsOf(calls: unknown): string[] {
  return Array.isArray(calls) ? calls.map(({ id }: { id: string }) => id) : []
}

/** What the model was told by the tools, in the last request. */
export function toldResults({ model }: Pick<App, 'model'>): string[] {
  const messages = model.requests.at(-1)?.body.messages ?? []
  return messages.filter(({ role }) => role === 'tool').map(({ content }) => String(content))
}

/** The events of one type. */
export function ofType<Type extends RuntimeEvent['type']>(
  events: RuntimeEvent[],
  type: Type,
): Extract<RuntimeEvent, { type: Type }>[] {
  return events.filter(
    (event): event is Extract<RuntimeEvent, { type: Type }> => event.type === type,
  )
}
