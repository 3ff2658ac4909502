import type { ServerResponse } from 'node:http'
import type { Caller } from './auth.ts'

export type AuthWatch = {
  /** Ends this answer when its caller may not call any more. */
  add(outgoing: ServerResponse, caller: Caller): void
  /** Ends everything that this key opened, but for the answer that says so. */
  end(keyId: string, except?: ServerResponse): void
  /** Looks now; resolves when what had to end has ended. */
  look(): Promise<void>
  close(): void
}

/** Milliseconds between looks: a key that another instance revoked is heard of in that time. */
const lookInterval = 2000

/**
 * Ends streams whose callers were told no since: their key was revoked or has expired, or their
 * token has. While the database is away they stay, and so does what it said last.
 */
export function openAuthWatch({
  rows,
  onEnded,
  beforeLook,
  now,
}: {
  rows: {
    /** Those of these keys that may not be used any more. */
    ended(keyIds: string[]): Promise<string[]>
    /** Notes that keys were used. */
    touch(keyIds: string[]): Promise<void>
  }
  onEnded: (keyId: string) => void
  /** What else is to be asked of the database each time. */
  beforeLook: () => Promise<void>
  now: () => number
}): AuthWatch {
  const open = new Map<ServerResponse, Caller>()
  let used = new Set<string>()
  let looking = false

  async function look(): Promise<void> {
    endWhere(({ until }) => until <= now())
    await beforeLook()
    if (used.size > 0) {
      const ids = [...used]
      used = new Set()
      await rows.touch(ids)
    }
    const ids = new Set([...open.values()].flatMap(({ endsWith }) => endsWith ?? []))
    if (ids.size === 0) return
    for (const id of await rows.ended([...ids])) end(id)
  }

  function end(keyId: string, except?: ServerResponse): void {
    onEnded(keyId)
    endWhere(({ endsWith }) => endsWith === keyId, except)
  }

  function endWhere(isOver: (caller: Caller) => boolean, except?: ServerResponse): void {
    for (const [outgoing, caller] of open) {
      if (outgoing !== except && isOver(caller)) endAnswer(outgoing)
    }
  }

  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look()
      .catch(() => undefined)
      .finally(() => {
        looking = false
      })
  }, lookInterval).unref()

  return {
    add(outgoing, caller) {
      if (caller.endsWith !== null) used.add(caller.endsWith)
      if (caller.endsWith === null && caller.until === Number.POSITIVE_INFINITY) return
      open.set(outgoing, caller)
      outgoing.once('close', () => open.delete(outgoing))
    },
    end,
    look,
    close: () => clearInterval(timer),
  }
}

/** A stream ends as if it were at its end; its client comes again and is told no. */
function endAnswer(outgoing: ServerResponse): void {
  // What its reader does not take would keep it open.
  if (!outgoing.headersSent || outgoing.writableEnded || outgoing.writableNeedDrain) {
    outgoing.destroy()
  } else outgoing.end()
}
