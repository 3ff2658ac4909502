import type { RunRequest } from 'parley-client'
import { useId, useState } from 'react'
import { useChat, useChatState } from '../chat/chat-context.ts'
import { formatCost } from '../state/format.ts'
import type { Waiting } from '../state/log-record.ts'

/** A run that stands at its limit: go on, or end it. */
export function LimitCard() {
  const waiting = useChatState((state) => state.record.waiting)
  if (waiting?.reason !== 'budget' && waiting?.reason !== 'max_iterations') return null
  return <LimitForm key={waiting.limit?.seq} waiting={waiting} />
}

function LimitForm({ waiting: { limit, reason } }: { waiting: Waiting }) {
  const { actions, attempt } = useChat()
  const [isBusy, setBusy] = useState(false)
  const budget = limit?.type === 'budget_exceeded' ? limit : null
  const [raised, setRaised] = useState(() => (budget ? String(proposal(budget)) : ''))
  const field = useId()
  const amount = Number(raised)
  const isWrong = budget !== null && !(amount > budget.spent)

  async function decide(decision: Parameters<typeof actions.decideLimit>[0]): Promise<void> {
    setBusy(true)
    await attempt(() => actions.decideLimit(decision))
    setBusy(false)
  }

  return (
    <section className="card decision-card" aria-label="A limit is reached">
      <h2>{reason === 'budget' ? 'The budget is used up' : 'The limit of steps is reached'}</h2>
      <p className="muted">{describe(limit)}</p>
      {budget && (
        <div className="field narrow">
          <label htmlFor={field}>New limit, {units[budget.limit]}</label>
          <input
            id={field}
            inputMode="decimal"
            value={raised}
            aria-invalid={isWrong}
            onChange={(event) => setRaised(event.target.value)}
          />
          {isWrong && (
            <p className="fault">It has to be more than what is spent: {budget.spent}.</p>
          )}
        </div>
      )}
      <div className="actions start">
        <button
          type="button"
          className="button primary"
          disabled={isBusy || isWrong}
          onClick={() => void decide({ confirmation: 'approve', ...raise(budget, amount) })}
        >
          {budget ? 'Raise it and go on' : 'Go on for ten more'}
        </button>
        <button
          type="button"
          className="button"
          disabled={isBusy}
          onClick={() => void decide({ confirmation: 'reject' })}
        >
          End the run here
        </button>
      </div>
    </section>
  )
}

type BudgetEvent = Extract<Waiting['limit'], { type: 'budget_exceeded' }>

const units = {
  cost: 'in US dollars',
  tokens: 'in tokens',
  tool_calls: 'in tool calls',
  seconds: 'in seconds at work',
}

function describe(limit: Waiting['limit']): string {
  if (limit === null) return 'The run waits for you.'
  if (limit.type === 'max_iterations_reached') {
    return `The agent has asked the model ${limit.limit} times, as often as it may.`
  }
  const { limit: kind, allowed, spent } = limit
  if (kind === 'cost') return `${formatCost(spent)} of ${formatCost(allowed)} are spent.`
  const amount = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 1 })
  const things = { tokens: 'tokens', tool_calls: 'tool calls', seconds: 'seconds' }[kind]
  return `${amount(spent)} of ${amount(allowed)} ${things} are used.`
}

/** As much again, on top of what was overspent. */
function proposal({ limit, allowed, spent }: BudgetEvent): number {
  const more = Math.max(allowed, spent) + allowed
  return limit === 'cost' ? Number(more.toPrecision(3)) : Math.ceil(more)
}

function raise(
  budget: BudgetEvent | null,
  amount: number,
): { budget?: NonNullable<RunRequest['budget']> } {
  if (!budget) return {}
  return { budget: { [budget.limit]: budget.limit === 'cost' ? amount : Math.ceil(amount) } }
}
