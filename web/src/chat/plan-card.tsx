import { todosOf } from '../state/todos.ts'
import { useChatState } from './chat-context.ts'
import { Markdown } from './markdown.tsx'

/** What the agent means to do: its plan, and its list of todos while something is left of it. */
export function PlanCard() {
  const plan = useChatState((state) => state.record.plan)
  const calls = useChatState((state) => state.record.calls)
  const root = useChatState((state) => state.session?.id)
  const isActive = useChatState((state) => state.log.status !== 'idle')
  const todos = todosOf(Object.values(calls).filter(({ session_id }) => session_id === root))
  const done = todos.filter(({ status }) => status === 'completed').length
  const showsTodos = todos.length > 0 && done < todos.length
  if (!plan && !showsTodos) return null
  return (
    <details className="plan" open={isActive}>
      <summary>{showsTodos ? `Todos: ${done} of ${todos.length} done` : 'Plan'}</summary>
      {plan && (
        <div className="markdown">
          <Markdown text={plan} />
        </div>
      )}
      {showsTodos && (
        <ul className="todos">
          {todos.map(({ id, status, text }) => (
            <li key={id} data-status={status}>
              <span className="todo-mark" aria-hidden="true" />
              <span>
                {text}
                <span className="hidden"> ({status})</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </details>
  )
}
