import type { Usage } from 'parley-client'
import { formatCost } from '../state/format.ts'
import { useChatState } from './chat-context.ts'

/** What the conversation took so far. */
export function UsagePanel() {
  const usage = useChatState(({ record, session }) => record.totals ?? session?.usage)
  const context = useChatState((state) => state.record.context)
  if (!usage) return null
  return (
    <div className="stack">
      <dl className="facts">
        {rowsOf(usage).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {context && <ContextMeter {...context} />}
      <p className="muted small">
        The totals of the session, over all branches. A cost is known where the model has a price.
      </p>
    </div>
  )
}

function rowsOf(usage: Usage): [string, string][] {
  const count = (tokens: number) => tokens.toLocaleString('en')
  return [
    ['Prompt tokens', count(usage.input_tokens)],
    ['of them cached', count(usage.cached_input_tokens)],
    ['Answer tokens', count(usage.output_tokens)],
    ['of them reasoning', count(usage.reasoning_tokens)],
    ['Cost', usage.cost === null ? 'unknown' : formatCost(usage.cost)],
  ]
}

function ContextMeter({ length, limit }: { length: number; limit: number | null }) {
  const said = `${length.toLocaleString('en')}${limit === null ? '' : ` of ${limit.toLocaleString('en')}`} tokens`
  return (
    <div className="stack tight">
      <div className="facts-line">
        <span>Last prompt</span>
        <span>{said}</span>
      </div>
      {limit !== null && (
        <meter
          aria-label="How full the model's window is"
          min={0}
          max={limit}
          high={limit * 0.9}
          value={length}
        >
          {said}
        </meter>
      )}
    </div>
  )
}
