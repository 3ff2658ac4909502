import { type KeyboardEvent, useEffect, useState } from 'react'
import { Icon } from '../app/icon.tsx'
import { useChatState } from '../chat/chat-context.ts'
import { eventsOfRun, pauseBetween } from '../state/replay.ts'
import { useReplay } from './replay-context.ts'

const speeds = [1, 4, 16]

/** A slider over the events of a run: what it stands on is the last that the page shows. */
export function ReplayBar() {
  const { at, show, run } = useReplay()
  const all = useChatState((state) => state.events)
  const events = eventsOfRun(all, run)
  const [isPlaying, setPlaying] = useState(false)
  const [speed, setSpeed] = useState(1)
  const index = at === null ? events.length - 1 : events.findLastIndex(({ seq }) => seq <= at)
  const current = events[index]
  const following = events[index + 1]

  useEffect(() => {
    if (!isPlaying) return
    if (!following) return setPlaying(false)
    const pause = current ? pauseBetween(current, following, speed) : 0
    const timer = setTimeout(() => show(following.seq), pause)
    return () => clearTimeout(timer)
  }, [isPlaying, speed, current, following, show])

  if (events.length === 0) return null

  function goTo(next: number): void {
    const event = events[Math.min(Math.max(next, 0), events.length - 1)]
    if (event) show(event.seq)
  }

  function toggle(): void {
    if (!isPlaying && !following) goTo(0)
    setPlaying(!isPlaying)
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== ' ') return
    event.preventDefault()
    toggle()
  }

  return (
    <section className="replay" aria-label="Replay" data-live={at === null}>
      <button
        type="button"
        className="icon-button"
        aria-label={isPlaying ? 'Pause the replay' : 'Play the replay'}
        onClick={toggle}
      >
        <Icon name={isPlaying ? 'pause' : 'play'} />
      </button>
      <input
        type="range"
        aria-label="Event"
        aria-valuetext={current ? `${current.seq}, ${current.type}` : undefined}
        min={0}
        max={events.length - 1}
        value={index}
        onKeyDown={onKeyDown}
        onChange={({ target }) => {
          setPlaying(false)
          goTo(Number(target.value))
        }}
      />
      <output className="replay-place">
        {index + 1}/{events.length}
        <span className="muted"> {current?.type}</span>
      </output>
      <select
        aria-label="Speed"
        value={speed}
        onChange={({ target }) => setSpeed(Number(target.value))}
      >
        {speeds.map((value) => (
          <option key={value} value={value}>
            {value}×
          </option>
        ))}
      </select>
      <button
        type="button"
        className="button"
        disabled={at === null}
        onClick={() => {
          setPlaying(false)
          show(null)
        }}
      >
        Back to now
      </button>
    </section>
  )
}
