import type { RuntimeEvent } from 'parley-client'
import { memo, useEffect, useId, useMemo, useRef, useState } from 'react'
import { useChatState } from '../chat/chat-context.ts'
import { describeEvent, timeOf } from '../state/event-line.ts'
import { eventsOfRun, runsOf } from '../state/replay.ts'
import { useReplay } from './replay-context.ts'

/** As many events are listed at once: those that were last, or those around the replay. */
const listed = 200

/** The events of the conversation, as they came. */
export function LogPanel({ sessionId }: { sessionId: string }) {
  const all = useChatState((state) => state.events)
  const { at, run } = useReplay()
  const [type, chooseType] = useState<RuntimeEvent['type']>()
  const [more, setMore] = useState(0)
  const ofRun = useMemo(() => eventsOfRun(all, run), [all, run])
  const events = type ? ofRun.filter((event) => event.type === type) : ofRun
  const next = at === null ? -1 : events.findIndex(({ seq }) => seq > at)
  const end = next === -1 ? events.length : Math.min(events.length, next + listed / 4)
  const start = Math.max(0, end - listed - more)
  const current = at === null ? undefined : events[(next === -1 ? events.length : next) - 1]?.seq
  return (
    <div className="log">
      <Filters
        sessionId={sessionId}
        all={all}
        types={[...new Set(ofRun.map((event) => event.type))]}
        type={type}
        chooseType={chooseType}
      />
      {start > 0 && (
        <button type="button" className="button quiet" onClick={() => setMore(more + listed)}>
          Show {Math.min(start, listed)} earlier events
        </button>
      )}
      {events.length === 0 && <p className="muted">No event yet.</p>}
      <EventList events={events.slice(start, end)} current={current} isLive={at === null} />
    </div>
  )
}

function Filters({
  sessionId,
  all,
  types,
  type,
  chooseType,
}: {
  sessionId: string
  all: readonly RuntimeEvent[]
  types: readonly RuntimeEvent['type'][]
  type: RuntimeEvent['type'] | undefined
  chooseType: (type: RuntimeEvent['type'] | undefined) => void
}) {
  const { run, chooseRun, show } = useReplay()
  const runs = useMemo(() => runsOf(all, sessionId), [all, sessionId])
  return (
    <div className="log-filters">
      <select
        aria-label="Run"
        value={run ?? ''}
        onChange={({ target }) => {
          chooseRun(target.value || undefined)
          show(null)
        }}
      >
        <option value="">All runs</option>
        {runs.map((id, index) => (
          <option key={id} value={id}>
            Run {index + 1}
          </option>
        ))}
      </select>
      <select
        aria-label="Type of event"
        value={type ?? ''}
        onChange={({ target }) => chooseType(types.find((name) => name === target.value))}
      >
        <option value="">All types</option>
        {types.toSorted().map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}

function EventList({
  events,
  current,
  isLive,
}: {
  events: readonly RuntimeEvent[]
  current: number | undefined
  isLive: boolean
}) {
  const list = useRef<HTMLOListElement>(null)
  const follows = useRef(true)
  useEffect(() => {
    const body = list.current?.closest('.side-panel-body')
    if (!body) return
    const look = () => {
      follows.current = body.scrollHeight - body.scrollTop - body.clientHeight < 60
    }
    body.addEventListener('scroll', look)
    return () => body.removeEventListener('scroll', look)
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the newest event moves the list
  useEffect(() => {
    const body = list.current?.closest('.side-panel-body')
    if (isLive && follows.current) body?.scrollTo({ top: body.scrollHeight })
    if (!isLive) list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  }, [events.at(-1)?.seq, current, isLive])
  return (
    <ol className="log-list" ref={list}>
      {events.map((event) => (
        <EventRow key={event.seq} event={event} isCurrent={event.seq === current} />
      ))}
    </ol>
  )
}

const EventRow = memo(function EventRow({
  event,
  isCurrent,
}: {
  event: RuntimeEvent
  isCurrent: boolean
}) {
  const [isOpen, setOpen] = useState(false)
  const body = useId()
  return (
    <li className="log-row" aria-current={isCurrent ? 'step' : undefined}>
      <button
        type="button"
        aria-expanded={isOpen}
        aria-controls={isOpen ? body : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        <span className="log-seq">{event.seq}</span>
        <span className="log-type">{event.type}</span>
        <span className="log-facts">
          {event.agent} · {timeOf(event.timestamp)}
        </span>
        <span className="log-about">{describeEvent(event)}</span>
      </button>
      {isOpen && (
        <pre id={body} className="log-json">
          {JSON.stringify(event, null, 2)}
        </pre>
      )}
    </li>
  )
})
