import type { RequiredScope } from '#contract/access.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import type { Message, NewMessage } from '#contract/message.ts'
import type { Run, RunOptions } from '#contract/run.ts'
import type { NewSession, Session, SessionPatch } from '#contract/session.ts'
import type { SessionExport, SessionFork } from '#contract/session-copy.ts'
import type {
  AgentReference,
  AgentVariant,
  Beside,
  Decision,
  StartedRun,
} from '#runtime/runtime.ts'
import type { Page, PageRequest, Scope } from '#store/scope.ts'
import { createConversations } from './conversations.ts'
import type { AppContext } from './env.ts'
import { authorOf } from './handlers/agent-edits.ts'
import { createSummaries } from './handlers/agent-summary.ts'
import { createToolList } from './handlers/agent-tool-list.ts'
import type { Collaborators } from './handlers/handlers.ts'
import type { RunFilter } from './handlers/runs.ts'
import type { SessionFilter } from './handlers/sessions.ts'
import { can } from './principal.ts'
import { requireApprovalFor, requireScope } from './require-scope.ts'
import { followUntilSettled } from './settled-run.ts'

export type House = ReturnType<ReturnType<typeof createHouses>>

/** Sessions in a list that has no pages. */
const mostListed = 10_000

type Start = { messages: NewMessage[]; options?: RunOptions }

/**
 * What a dialect can ask for, bound to the caller of one request: what the contract's own handlers
 * ask for, and no more. `approvals` says what becomes of a call that must be approved: its client
 * is asked, somebody else is while the client waits, or it is denied; the same holds for questions
 * where its client `asks` none. Who cannot approve cannot raise a budget either: the run ends there.
 */
export function createHouses(
  collaborators: Collaborators & {
    countMessages(scope: Scope, sessions: string[]): Promise<Map<string, number>>
    latestModels(scope: Scope, sessions: string[]): Promise<Map<string, string>>
  },
) {
  const { sessions, messages, runs, runRows, approvals, events, feed, admission } = collaborators
  const conversations = createConversations(collaborators)
  const summaries = createSummaries(collaborators)
  const allTools = createToolList(collaborators)

  return (
    c: AppContext,
    {
      approvals: policy,
      asks,
      takesTextBack,
      variant,
    }: {
      approvals: 'client' | 'others' | 'deny'
      asks: boolean
      takesTextBack: boolean
      /** What the operator makes of the agents that answer here. */
      variant?: AgentVariant | undefined
    },
  ) => {
    const scope = c.get('scope')
    const catalog = collaborators.catalog.of(scope.tenant)
    const headers = c.req.header()
    // Its client waits for the end of the run, whatever the answer looks like.
    const begin = (start: () => Promise<StartedRun>) => {
      admission.stream(c)
      return admission.run(c, start)
    }
    const withDefaults = ({ messages, options = {} }: Start) => ({
      messages,
      options: {
        ...(policy === 'deny' && { on_ask: 'deny' as const }),
        ...(policy === 'deny' && !asks && { on_elicitation: 'decline' as const }),
        ...(policy !== 'client' && { on_budget: 'stop' as const }),
        ...(!takesTextBack && { restart_steps: false }),
        ...options,
      },
      variant,
      headers,
    })

    return {
      /** Whether the caller has a scope beyond that of the route. */
      may: (needed: RequiredScope) => can(c.get('principal'), needed),
      /** Unlike any other, on any instance. */
      newId: collaborators.newSessionId,
      sessions: {
        get: (id: string) => sessions.get(scope, id),
        detail: (id: string, messageLimit = 100) => sessions.detail(scope, id, { messageLimit }),
        list: (page: Partial<PageRequest> = {}, filter: SessionFilter = {}) =>
          sessions.list(scope, toPage(page, 'desc'), filter),
        /** For wires without pages: the ones that were active last, as many as a list can hold. */
        all: (filter: SessionFilter = {}): Promise<Session[]> =>
          allPages((page) => sessions.list(scope, toPage(page, 'desc'), filter), mostListed),
        create: (input: NewSession) => {
          requireApprovalFor(c, input)
          return sessions.create(scope, {
            id: collaborators.newSessionId(),
            owner: c.get('principal').owner,
            input,
          })
        },
        update: (id: string, patch: SessionPatch) => {
          requireApprovalFor(c, patch)
          return sessions.update(scope, id, patch)
        },
        toggle: (id: string, setting: 'tools_approved' | 'thinking') => {
          requireApprovalFor(c, { [setting]: true })
          return sessions.toggle(scope, id, setting)
        },
        /** Makes a session of a document. Answers its id; `conflict` when the external id is taken. */
        import: (document: SessionExport, externalId?: string) => {
          const { tenant, owner } = c.get('principal')
          const place = { tenant, owner, ...(externalId !== undefined && { externalId }) }
          return collaborators.copies.import(place, document)
        },
        /** Copies a session. Answers the copy's id; null when there is no such session. */
        fork: (id: string, fork: SessionFork) => collaborators.copies.fork(scope, id, fork),
        /** Cancels first what works or waits to. Answers whether the session was there. */
        async remove(id: string): Promise<boolean> {
          const session = await sessions.get(scope, id)
          if (!session) return false
          await runs.dropQueue(scope, session.id)
          if (session.active_run_id) await runs.cancel(scope, session.active_run_id)
          await runs.cancelBackground(scope, session.id)
          return sessions.remove(scope, id)
        },
        /** The active branch, oldest first; `id` is no external id. */
        messages: (id: string, page: Partial<PageRequest> = {}) =>
          messages.list(scope, id, toPage(page, 'asc')),
        /** The whole active branch, for wires without pages. */
        allMessages: (id: string): Promise<Message[]> =>
          allPages((page) => messages.list(scope, id, toPage(page, 'asc'))),
        /** How many messages each of these keeps; ids, no external ones. */
        countMessages: (ids: string[]) => collaborators.countMessages(scope, ids),
        /** What answered last in each of these; ids, no external ones. */
        latestModels: (ids: string[]) => collaborators.latestModels(scope, ids),
        workingDir: collaborators.workingDir,
      },
      runs: {
        /** Runs the session's agent; an unknown id becomes the external id of a new session. */
        chat: (request: Start & { session?: string; agent?: string }) =>
          begin(() =>
            conversations.chat(scope, {
              session: request.session,
              agent: request.agent,
              ...withDefaults(request),
            }),
          ),
        start: (request: Start & { session: string; agent: AgentReference; beside?: Beside }) =>
          begin(() =>
            runs.start(scope, {
              session: request.session,
              agent: request.agent,
              ...(request.beside && { beside: request.beside }),
              ...withDefaults(request),
            }),
          ),
        startNew: (request: Start & { session: NewSession; agent: AgentReference }) => {
          requireApprovalFor(c, request.session)
          return begin(() =>
            runs.startNew(scope, {
              session: request.session,
              agent: request.agent,
              ...withDefaults(request),
            }),
          )
        },
        get: (id: string) => runRows.get(scope, id),
        list: (session: string, page: Partial<PageRequest> = {}) =>
          runRows.list(scope, session, toPage(page, 'desc')),
        /** The newest message of the run's own agent. */
        answer: (id: string) => runRows.answer(scope, id),
        /** What users and agents said in the run, the newest first. */
        said: (id: string, most: number) => runRows.said(scope, id, most),
        /** The newest first, without those of sub-agents. */
        ofAgent: (page: Partial<PageRequest>, filter: RunFilter) =>
          runRows.ofAgent(scope, toPage(page, 'desc'), filter),
        /** The newest run that is not over and whose metadata holds this. */
        findActive: (metadata: Record<string, unknown>) => runRows.findActive(scope, metadata),
        cancel: (id: string) => runs.cancel(scope, id),
        cancelSession: (session: string) => runs.cancelSession(scope, session),
        resume: (request: {
          session: string
          toolCallId?: string
          toolName?: string
          decision: Decision
        }) => {
          requireScope(c, 'approvals', ' to decide')
          return runs.resume(scope, request)
        },
        decide: (approval: string, decision: Decision) => {
          requireScope(c, 'approvals', ' to decide')
          return runs.decide(scope, approval, decision)
        },
        answerElicitation: (request: Parameters<typeof runs.answerElicitation>[1]) => {
          requireScope(c, 'approvals', ' to answer')
          return runs.answerElicitation(scope, request)
        },
        submitToolResult: (request: Parameters<typeof runs.submitToolResult>[1]) =>
          runs.submitToolResult(scope, request),
        /**
         * "Not streaming": shows each event of a started run until it is over or parked, or until
         * one of the type `endsAt`, and answers the run as it is then. Events of sub-agents are
         * among them.
         */
        collect(
          started: StartedRun,
          onEvent: (event: RuntimeEvent) => void,
          {
            cancelOnDisconnect = false,
            endsAt,
          }: { cancelOnDisconnect?: boolean; endsAt?: RuntimeEvent['type'] } = {},
        ): Promise<Run> {
          const cancel = () => {
            // Nobody waits for the answer; a run that ended meanwhile stays as it is.
            runs.cancel(scope, started.run.id).catch(() => undefined)
          }
          return followUntilSettled({
            started,
            feed,
            readRun: (id) => runRows.get(scope, id),
            outgoing: c.env.outgoing,
            onFrame: (frame) => onEvent(JSON.parse(frame.json)),
            ...(endsAt && { endsAt }),
            ...(policy === 'others' && { isSettled: (run: Run) => !waitsForOthers(run, asks) }),
            ...(cancelOnDisconnect && { onDisconnect: cancel }),
          })
        },
      },
      approvals: {
        list: (page: Partial<PageRequest>, filter: Parameters<typeof approvals.list>[2]) =>
          approvals.list(scope, toPage(page, 'desc'), filter),
      },
      events: {
        /** Where a session's log begins and ends. */
        bounds: (session: string) => events.bounds(scope, session),
        /** The seq before a run's first event, and its last one when the run is over. */
        runBounds: (run: string) => events.runBounds(scope, run),
        async page(session: string, request: { after: number; limit: number }) {
          const page = await events.page(scope, session, request)
          return page?.frames.map((frame): RuntimeEvent => JSON.parse(frame.json))
        },
      },
      agents: {
        ...catalog,
        /** As it answers here. */
        get(name: string) {
          const snapshot = catalog.get(name)
          return snapshot && variant ? variant(snapshot) : snapshot
        },
        summarize: summaries.summarize,
        detail: summaries.detail,
        tools: collaborators.toolDefinitions,
        /** With what they are made of. */
        allTools,
        edits: collaborators.agentEdits,
        toolEdits: collaborators.agentToolEdits,
        author: () => authorOf(c),
      },
      models: () => collaborators.models.list(scope),
      peers: collaborators.peers,
      stats: () => collaborators.stats(scope),
      health: collaborators.health,
    }
  }
}

/** Somebody else may still approve what the run asked for, or answer where its client cannot. */
function waitsForOthers({ status, waiting_for }: Run, asks: boolean): boolean {
  const kind = waiting_for?.kind
  const waits = kind === 'approval' || (kind === 'elicitation' && !asks)
  return (status === 'waiting' && waits) || status === 'queued' || status === 'running'
}

/** One page after the other, until there are as many as are wanted. */
async function allPages<Item>(
  read: (page: Partial<PageRequest>) => Promise<Page<Item>>,
  most = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const all: Item[] = []
  let cursor: string | null = null
  do {
    const page: Page<Item> = await read({ limit: 500, cursor })
    all.push(...page.data)
    cursor = page.next_cursor
  } while (cursor !== null && all.length < most)
  return all
}

function toPage(page: Partial<PageRequest>, order: PageRequest['order']): PageRequest {
  return { limit: 100, cursor: null, order, ...page }
}
