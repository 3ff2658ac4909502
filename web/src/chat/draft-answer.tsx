import type { Draft } from 'parley-client'
import { splitBlocks } from '../state/blocks.ts'
import { DraftCall } from '../tools/draft-call.tsx'
import { AgentName } from './answer.tsx'
import { Markdown } from './markdown.tsx'
import { Reasoning } from './reasoning.tsx'

/** An answer on its way. */
export function DraftAnswer({ draft }: { draft: Draft }) {
  const text = draft.content.join('')
  const reasoning = draft.reasoning.join('')
  const hasMore = text !== '' || draft.tool_calls.length > 0
  return (
    <article className="answer draft" aria-label={draft.agent} aria-busy="true">
      <AgentName name={draft.agent} />
      {reasoning && <Reasoning text={reasoning} isLive={!hasMore} />}
      {text && (
        <div className="markdown" dir="auto" data-live={draft.tool_calls.length === 0}>
          {splitBlocks(text).map((block, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces are only added at the end
            <Markdown key={index} text={block} />
          ))}
        </div>
      )}
      {draft.tool_calls.map((call) => (
        <DraftCall key={call.id} call={call} />
      ))}
    </article>
  )
}
