import type { HookEvent, Hooks } from './hooks.ts'
import type { ToolSession } from './tool.ts'

/** Hooks that are told something and have no say: nobody waits for them. */
export type HooksBeside = {
  tell(hooks: Hooks, event: HookEvent, session: ToolSession): void
  /** Waits a moment for those that still run, then stops them. */
  close(): Promise<void>
}

/** Milliseconds that hooks get to end when the server stops. */
const grace = 2000

/** The stream of the run is over by then, so what they say goes to the server's log. */
export function createHooksBeside({
  log,
}: {
  log: { warn(message: string, fields?: object): void }
}): HooksBeside {
  const stop = new AbortController()
  const running = new Set<Promise<void>>()

  async function ask(hooks: Hooks, event: HookEvent, session: ToolSession): Promise<void> {
    try {
      const { failures, messages } = await hooks.ask(event, session, stop.signal)
      for (const said of [...failures, ...messages]) {
        log.warn(said, { hook: event.name, session_id: session.sessionId })
      }
    } catch {
      log.warn('a hook was stopped with the server', {
        hook: event.name,
        session_id: session.sessionId,
      })
    }
  }

  return {
    tell(hooks, event, session) {
      if (!hooks.has(event.name)) return
      const asking = ask(hooks, event, session).finally(() => running.delete(asking))
      running.add(asking)
    },
    async close() {
      const timer = setTimeout(() => stop.abort(), grace)
      await Promise.all(running)
      clearTimeout(timer)
    },
  }
}
