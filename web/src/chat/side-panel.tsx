import type { ComponentType } from 'react'
import { Icon } from '../app/icon.tsx'
import { navigate, sessionPath } from '../app/use-place.ts'
import type { ChatState } from '../state/chat-state.ts'
import { UsagePanel } from './usage-panel.tsx'

export type Panel = {
  readonly name: string
  readonly title: string
  readonly view: ComponentType<{ sessionId: string; state: ChatState }>
}

/** What can stand beside a conversation: `?panel=NAME` in the address. */
export const panels: readonly Panel[] = [{ name: 'usage', title: 'Usage', view: UsagePanel }]

export function SidePanel({
  name,
  sessionId,
  state,
}: {
  name: string
  sessionId: string
  state: ChatState
}) {
  const panel = panels.find((other) => other.name === name)
  if (!panel) return null
  const View = panel.view
  return (
    <aside className="side-panel" aria-label={panel.title}>
      <div className="side-panel-head">
        <h2>{panel.title}</h2>
        <button
          type="button"
          className="icon-button"
          aria-label={`Close ${panel.title}`}
          onClick={() => navigate({ path: sessionPath(sessionId) }, { replace: true })}
        >
          <Icon name="close" />
        </button>
      </div>
      <div className="side-panel-body">
        <View sessionId={sessionId} state={state} />
      </div>
    </aside>
  )
}
