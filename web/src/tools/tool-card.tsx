import { type ReactNode, useState } from 'react'
import { Icon } from '../app/icon.tsx'
import { ApprovalForm } from '../approvals/approval-form.tsx'
import { ClientToolForm } from '../approvals/client-tool-form.tsx'
import { useChatState } from '../chat/chat-context.ts'
import { hasCaughtUp } from '../state/chat-state.ts'
import { formatDuration } from '../state/format.ts'
import type { CallView } from '../state/items.ts'
import { waitsFor } from '../state/open-questions.ts'
import { summaryOf } from '../state/tool-summary.ts'
import { ToolArguments } from './tool-arguments.tsx'
import { ToolResultView } from './tool-result-view.tsx'
import { UnknownOutcome } from './unknown-outcome.tsx'

/** One tool call: a line that opens, and whatever a person has to decide about it. */
export function ToolCard({
  call,
  isLatest,
  children,
}: {
  call: CallView
  /** Nothing was said after the answer that it belongs to. */
  isLatest: boolean
  /** What its sub-agents do. */
  children?: ReactNode
}) {
  const decided = useChatState((state) => state.decided)
  const isAsking = useChatState(({ log }) =>
    log.elicitations.some(({ session_id }) => session_id === call.session_id),
  )
  const [chosen, choose] = useState<boolean>()
  // While the log is being read, what was decided long ago seems to wait.
  const isKnown = useChatState(hasCaughtUp)
  const session = useChatState((state) => state.session)
  const waits = isKnown ? waitsFor(call, { session, decided }) : null
  const isNested = call.subAgents.length > 0
  const isOpen = chosen ?? (waits !== null || (isNested && call.state === 'started'))
  const { name } = call.tool_call.function
  const summary = summaryOf(call.tool_call)
  return (
    <div className="tool-card" data-state={waits ? 'awaiting' : call.state}>
      <button
        type="button"
        className="tool-line"
        aria-expanded={isOpen}
        onClick={() => choose(!isOpen)}
      >
        <Icon name={isNested ? 'agent' : 'tool'} size={16} />
        <span className="tool-name">{call.definition?.annotations.title ?? name}</span>
        {summary && <span className="tool-summary">{summary}</span>}
        <span className="spacer" />
        <StateLabel call={call} isDecided={waits === null} isAsking={isAsking} />
        <Icon name={isOpen ? 'down' : 'forward'} size={16} />
      </button>
      {isOpen && (
        <div className="tool-body">
          {waits !== 'approval' && <ToolArguments call={call.tool_call} />}
          {children}
          <ToolResultView call={call} />
        </div>
      )}
      {waits === 'approval' && <ApprovalForm call={call} />}
      {waits === 'client_tool' && <ClientToolForm call={call} />}
      {call.state === 'unknown' && isLatest && <UnknownOutcome call={call} />}
    </div>
  )
}

const labels: Record<CallView['state'], string> = {
  proposed: 'Not begun',
  awaiting: 'Needs approval',
  started: 'Running',
  succeeded: 'Done',
  failed: 'Failed',
  timed_out: 'Timed out',
  denied: 'Rejected',
  expired: 'Expired',
  cancelled: 'Stopped',
  unknown: 'Outcome unknown',
}

function StateLabel({
  call,
  isDecided,
  isAsking,
}: {
  call: CallView
  isDecided: boolean
  /** Its session has asked the person something. */
  isAsking: boolean
}) {
  const { state, duration_ms } = call
  const label = labelOf(call, isAsking)
  const isOpen = state === 'awaiting' || (state === 'started' && call.executor === 'client')
  return (
    <span className="tool-state">
      {label === labels.started && <span className="pulse" />}
      {isOpen && isDecided ? 'Decided' : label}
      {duration_ms !== null && duration_ms >= 1 && state === 'succeeded' && (
        <span className="muted"> · {formatDuration(duration_ms)}</span>
      )}
    </span>
  )
}

function labelOf({ state, executor }: CallView, isAsking: boolean): string {
  if (state !== 'started') return labels[state]
  if (executor === 'client') return 'Needs a result'
  return isAsking ? 'Waits for you' : labels.started
}
