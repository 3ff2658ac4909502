import type { RuntimeEvent } from '#contract/event.ts'
import type { RunResult } from '#contract/run.ts'
import { ask, newSession, ofType } from '../journeys/conversation.ts'
import type { App } from '../support/app.ts'
import type { RecordedRequest, ScriptedAnswer } from '../support/model-server.ts'

/** What one field of the agent file does: two files that differ in it, and where that shows. */
export type Probe = {
  /** A file with the field. */
  file: object
  /** The same file without it, or with another value where the field must be there. */
  unlike: object
  /** What can be seen of an agent; differs between the two. */
  look: Look
  /** What is seen of the agent with the field. */
  shows: unknown
}

/** `not used` is for what is only accepted; the field's description has to say so. */
export type ProbeOrNone = Probe | 'not used'

export type Look = (subject: Subject) => Promise<unknown>

/** One agent under observation. */
export type Subject = {
  app: App
  /** Its name. */
  agent: string
  /** What the model answers next; `Done` when nothing is left. */
  says(...answers: ScriptedAnswer[]): void
  /** One run, in a new session where every call is approved unless it is said otherwise. */
  run(asked?: Asked): Promise<Seen>
}

export type Asked = { message?: string; session?: string; approved?: boolean; options?: object }

export type Seen = RunResult & {
  session: string
  events: RuntimeEvent[]
  /** What the model was asked in this run. */
  requests: RecordedRequest[]
}

/** Answers of the model that are used up in order. */
export type Playlist = { next: ScriptedAnswer[] }

export function createSubject(app: App, agent: string, playlist: Playlist): Subject {
  playlist.next = []
  return {
    app,
    agent,
    says: (...answers) => void playlist.next.push(...answers),
    async run({ message = 'Hello', session: known, approved = true, options = {} } = {}) {
      const session = known ?? (await newSession(app, { tools_approved: approved }))
      const before = app.model.requests.length
      const result = await ask(app, { session, agent, message, options })
      const isParked = result.run.status === 'waiting'
      const events = isParked ? [] : await app.events(result.run.id)
      return { ...result, session, events, requests: app.model.requests.slice(before) }
    },
  }
}

type Fields = Record<string, unknown>

/** A file with one agent; models and providers that are given stand beside the scripted one. */
export function fileOf(root: Fields, beside: Fields = {}): object {
  const { agents = {}, models = {}, providers = {}, ...rest } = beside as Record<string, Fields>
  return {
    agents: { root: { model: 'scripted', ...root }, ...agents },
    models: { scripted: { provider: 'scripted', model: 'scripted' }, ...models },
    providers: { scripted: { base_url: '{base_url}' }, ...providers },
    ...rest,
  }
}

type Difference = {
  look: Look
  shows: unknown
  /** What stands in the place of the field in the other file. */
  unlike?: Fields
  /** What both have. */
  both?: Fields
  /** What both files have beside the agent. */
  beside?: Fields
}

/** A probe of a field of the agent `root`. */
export function ofAgent(
  field: Fields,
  { look, shows, unlike = {}, both = {}, beside }: Difference,
): Probe {
  return {
    file: fileOf({ ...both, ...field }, beside),
    unlike: fileOf({ ...both, ...unlike }, beside),
    look,
    shows,
  }
}

/** A probe of a field of a toolset, the only one of the agent. */
export function ofToolset(
  type: string,
  field: Fields,
  { look, shows, unlike = {}, both = {}, beside }: Difference,
): Probe {
  return {
    file: fileOf({ toolsets: [{ type, ...both, ...field }] }, beside),
    unlike: fileOf({ toolsets: [{ type, ...both, ...unlike }] }, beside),
    look,
    shows,
  }
}

/** A field of the request that the model gets. */
export function sent(field: string): Look {
  return async ({ run }) => (await run()).requests[0]?.body[field]
}

/** Whether the system prompt holds a text. */
export function prompted(text: string): Look {
  return async ({ run }) => systemPrompt(await run()).includes(text)
}

export function systemPrompt({ requests }: Seen): string {
  const messages = requests[0]?.body.messages ?? []
  return messages
    .filter(({ role }) => role === 'system')
    .map(({ content }) => String(content))
    .join('\n')
}

/** The names of the tools that the model is shown. */
export const offered: Look = async ({ run }) => toolsOf(await run()).map(({ name }) => name)

export type OfferedTool = { name: string; description?: string; parameters?: unknown }

/** The tools that the model is shown. */
export function toolsOf({ requests }: Seen): OfferedTool[] {
  return requests[0]?.body.tools?.map((tool) => tool.function) ?? []
}

/** What the result of one call says to the model. */
export function told(name: string, args: object = {}): Look {
  return async (subject) => (await callOnce(subject, name, args)).output
}

/** The first call's result, when the model makes this one call. */
export async function callOnce(
  { says, run }: Subject,
  name: string,
  args: object,
  asked: Asked = {},
) {
  says({ toolCalls: [{ name, arguments: { ...args } }] })
  const seen = await run(asked)
  const [response] = ofType(seen.events, 'tool_call_response')
  return { ...seen, output: response?.result.output ?? null, state: response?.state ?? null }
}

/** How a call fares in a session where nothing is approved: it runs, is denied, or waits. */
export function fares(name: string, args: object = {}): Look {
  return async (subject) => {
    const { run, state } = await callOnce(subject, name, args, { approved: false })
    return run.status === 'waiting' ? 'waiting' : state
  }
}

/** Whether the server takes the file: one with a mistake is not served. */
export const served: Look = async ({ app, agent }) =>
  (await fetch(`${app.url}/api/agents/${agent}`)).status === 200

/** A part of the agent as it is shown to people. */
export function shown(pick: (detail: ShownAgent) => unknown): Look {
  return async ({ app, agent }) => {
    const { data } = await app.client.GET('/api/agents/{agent}', { params: { path: { agent } } })
    return pick(data)
  }
}

type ShownAgent = {
  description: string
  config: {
    metadata?: Record<string, unknown> | undefined
    agents: Record<string, { welcome_message?: unknown; commands?: unknown }>
  }
}
