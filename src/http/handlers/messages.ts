import type { Message } from '#contract/message.ts'
import type { Page, PageRequest, Scope } from '#store/scope.ts'
import type { Handlers } from '../env.ts'
import { found } from '../found.ts'
import { toPageRequest } from '../page-request.ts'
import type { SessionRows } from './sessions.ts'

/** The messages of the active branch; `sessionId` is no external id. */
export type MessageRows = {
  list(scope: Scope, sessionId: string, page: PageRequest): Promise<Page<Message>>
}

export function messageHandlers({
  sessions,
  messages,
}: {
  sessions: Pick<SessionRows, 'get'>
  messages: MessageRows
}): Pick<Handlers, 'listMessages'> {
  return {
    async listMessages(c) {
      const { session } = c.req.valid('param')
      const scope = c.get('scope')
      const { id } = found(await sessions.get(scope, session), `session ${session}`)
      const page = toPageRequest(c.req.valid('query'))
      return c.json(await messages.list(scope, id, page), 200)
    },
  }
}
