import type { RuntimeEvent } from 'parley-client'

/** Events of one frame of the screen are handed on together; a hidden page has no frames. */
export function createInbox(handOn: (events: RuntimeEvent[]) => void) {
  let events: RuntimeEvent[] = []
  let isDue = false
  let isClosed = false
  let last = 0

  function flush(): void {
    isDue = false
    if (isClosed || events.length === 0) return
    handOn(events.splice(0))
  }

  return {
    /** The last event that came. */
    position: () => last,
    put(event: RuntimeEvent) {
      // A stream that was replaced may have had one more on its way.
      if (event.seq <= last) return
      last = event.seq
      events.push(event)
      if (isDue) return
      isDue = true
      if (document.visibilityState === 'visible') requestAnimationFrame(flush)
      else setTimeout(flush, 50)
    },
    clear() {
      last = 0
      events = []
    },
    close() {
      isClosed = true
      events = []
    },
  }
}
