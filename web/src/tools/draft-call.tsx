import type { ToolCall } from 'parley-client'
import { Icon } from '../app/icon.tsx'

/** A call whose arguments are still being written. */
export function DraftCall({ call: { function: fn } }: { call: ToolCall }) {
  return (
    <div className="tool-card" data-state="started">
      <div className="tool-line">
        <Icon name="tool" size={16} />
        <span className="tool-name">{fn.name}</span>
        <span className="tool-summary mono">{fn.arguments.slice(-100)}</span>
        <span className="spacer" />
        <span className="tool-state">
          <span className="pulse" />
          Preparing
        </span>
      </div>
    </div>
  )
}
