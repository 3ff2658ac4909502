import type { ListedMessage } from '#contract/message.ts'
import type { Page, PageRequest, Scope } from '#store/scope.ts'
import type { Handlers } from '../env.ts'
import { found } from '../found.ts'
import { toPageRequest } from '../page-request.ts'
import type { SessionRows } from './sessions.ts'

/** The messages of the active branch, or of the one through a message; `sessionId` is no external id. */
export type MessageRows = {
  list(
    scope: Scope,
    sessionId: string,
    page: PageRequest,
    through?: string,
  ): Promise<Page<ListedMessage>>
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
      const { branch, ...page } = c.req.valid('query')
      return c.json(await messages.list(scope, id, toPageRequest(page), branch), 200)
    },
  }
}
