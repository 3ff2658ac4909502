import type { ComponentType } from 'react'
import { Icon } from '../app/icon.tsx'
import { navigate, sessionPath } from '../app/use-place.ts'
import { LogPanel } from '../log/log-panel.tsx'
import { SettingsPanel } from './settings-panel.tsx'
import { UsagePanel } from './usage-panel.tsx'

export type Panel = {
  readonly name: string
  readonly title: string
  /** It reads what it shows with `useChatState`. */
  readonly view: ComponentType<{ sessionId: string }>
}

/** What can stand beside a conversation: `?panel=NAME` in the address. */
export const panels: readonly Panel[] = [
  { name: 'usage', title: 'Usage', view: UsagePanel },
  { name: 'settings', title: 'Settings', view: SettingsPanel },
  { name: 'events', title: 'Events', view: LogPanel },
]

export function SidePanel({ name, sessionId }: { name: string; sessionId: string }) {
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
        <View sessionId={sessionId} />
      </div>
    </aside>
  )
}
