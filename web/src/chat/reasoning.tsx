import { Icon } from '../app/icon.tsx'

/** What the model thought: open while it thinks, closed when it speaks. */
export function Reasoning({ text, isLive = false }: { text: string; isLive?: boolean }) {
  return (
    <details className="reasoning" open={isLive}>
      <summary>
        <Icon name="think" size={16} />
        {isLive ? 'Thinking' : 'Thoughts'}
        {isLive && <span className="pulse" />}
      </summary>
      <div className="reasoning-text">{text}</div>
    </details>
  )
}
