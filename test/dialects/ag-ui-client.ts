import { type BaseEvent, HttpAgent } from '@ag-ui/client'

export type Seen = BaseEvent & Record<string, unknown>

/** The official client, which verifies each stream, and every event that it saw. */
export function openAgent(
  { url }: { url: string },
  {
    threadId,
    path = '/ag-ui/assistant',
    token,
  }: { threadId: string; path?: string; token?: string },
) {
  const seen: Seen[] = []
  const headers: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  const agent = new HttpAgent({ url: `${url}${path}`, threadId, headers })
  agent.subscribe({ onEvent: ({ event }) => void seen.push(event) })
  let count = 0
  return {
    agent,
    seen,
    /** Says something and answers the events of the run. */
    async say(content: string, parameters: Parameters<HttpAgent['runAgent']>[0] = {}) {
      count += 1
      agent.addMessage({ id: `${threadId}-u${count}-${seen.length}`, role: 'user', content })
      return this.run(parameters)
    },
    async run(parameters: Parameters<HttpAgent['runAgent']>[0] = {}) {
      const before = seen.length
      await agent.runAgent(parameters)
      return seen.slice(before)
    },
  }
}

export function typesOf(events: Seen[]): string[] {
  return events.map(({ type }) => type)
}

/** The types with repeated deltas told once. */
export function outline(events: Seen[]): string[] {
  return typesOf(events).filter((type, index, all) => type !== all[index - 1])
}

export function lastOf(events: Seen[]): Seen {
  const last = events.at(-1)
  if (!last) throw new Error('There are no events')
  return last
}
