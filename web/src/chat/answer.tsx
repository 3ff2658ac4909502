import type { ReactNode } from 'react'
import { Icon } from '../app/icon.tsx'
import { useServer } from '../app/server.tsx'
import { navigate, sessionPath } from '../app/use-place.ts'
import { useSessions } from '../sessions/use-sessions.tsx'
import { formatUsage } from '../state/format.ts'
import { type AnswerItem, type Part, sumUsage } from '../state/items.ts'
import type { SubAgent } from '../state/sub-agents.ts'
import { ToolCard } from '../tools/tool-card.tsx'
import { BranchSwitch } from './branch-switch.tsx'
import { useChat, useChatState } from './chat-context.ts'
import { CopyButton } from './copy-button.tsx'
import { Markdown } from './markdown.tsx'
import { NoticeLine } from './notice-line.tsx'
import { Reasoning } from './reasoning.tsx'

type RenderSubAgent = (subAgent: SubAgent) => ReactNode

/** An agent's turn: text, reasoning and tool calls in their order. */
export function Answer({
  answer,
  isRoot,
  isLatest,
  isActive,
  renderSubAgent,
}: {
  answer: AnswerItem
  isRoot: boolean
  /** Nothing was said after it; while the session is active more of it may come. */
  isLatest: boolean
  /** The session has a run that is not over. */
  isActive: boolean
  renderSubAgent: RenderSubAgent
}) {
  return (
    <article className="answer" aria-label={answer.agent ?? 'Answer'}>
      <AgentName name={answer.agent} />
      {answer.parts.map((part) => (
        <PartView key={part.key} part={part} isLatest={isLatest} renderSubAgent={renderSubAgent} />
      ))}
      {isLeftIncomplete(answer) && (
        <p className="notice" data-kind="info">
          The answer is incomplete.
        </p>
      )}
      {isRoot && !(isLatest && isActive) && <AnswerTools answer={answer} isActive={isActive} />}
    </article>
  )
}

/** And nothing beside it says why. */
function isLeftIncomplete({ messages, parts }: AnswerItem): boolean {
  const last = messages.at(-1)
  if (last?.status !== 'incomplete' || last.finish_reason === 'length') return false
  return !parts.some(({ type }) => type === 'notice')
}

/** Said where somebody else than the first agent speaks. */
export function AgentName({ name }: { name: string | null }) {
  const first = useChatState((state) => state.session?.agent_name ?? 'root')
  if (name === null || name === first) return null
  return <p className="agent-name">{name}</p>
}

function PartView({
  part,
  isLatest,
  renderSubAgent,
}: {
  part: Part
  isLatest: boolean
  renderSubAgent: RenderSubAgent
}) {
  switch (part.type) {
    case 'reasoning':
      return <Reasoning text={part.text} />
    case 'text':
      return (
        <>
          <div className="markdown" dir="auto">
            <Markdown text={part.message.content} />
          </div>
          {part.message.finish_reason === 'length' && (
            <p className="notice" data-kind="info">
              The answer was cut: it reached the longest that the model gives.
            </p>
          )}
        </>
      )
    case 'call':
      return (
        <ToolCard call={part.call} isLatest={isLatest}>
          {part.call.subAgents.map(renderSubAgent)}
        </ToolCard>
      )
    case 'notice':
      return <NoticeLine notice={part.notice} />
  }
}

function AnswerTools({ answer, isActive }: { answer: AnswerItem; isActive: boolean }) {
  const { actions, attempt } = useChat()
  const { notify } = useServer()
  const { reload } = useSessions()
  const last = answer.messages.at(-1)
  if (!last) return null
  const text = answer.messages
    .map(({ content }) => content)
    .filter(Boolean)
    .join('\n\n')
  const usage = sumUsage(answer.messages)

  async function fork(message: string): Promise<void> {
    const id = await actions.fork(message)
    reload()
    navigate({ path: sessionPath(id) })
    notify('This is a copy of the conversation up to here.', 'done')
  }

  return (
    <div className="message-tools">
      <CopyButton text={text} label="Copy the answer" />
      <button
        type="button"
        className="icon-button small"
        aria-label="Answer again"
        title="Answer again"
        disabled={isActive}
        onClick={() => void attempt(() => actions.regenerate(last))}
      >
        <Icon name="retry" size={16} />
      </button>
      <button
        type="button"
        className="icon-button small"
        aria-label="Continue in a copy"
        title="Continue in a copy"
        onClick={() => void attempt(() => fork(last.id))}
      >
        <Icon name="fork" size={16} />
      </button>
      <BranchSwitch messages={answer.messages} isDisabled={isActive} />
      <span className="answer-facts">
        {[last.model, usage && formatUsage(usage)].filter(Boolean).join(' · ')}
      </span>
    </div>
  )
}
