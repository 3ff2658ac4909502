import { randomBytes } from 'node:crypto'
import type { Database } from './database.ts'
import { sendNotifications } from './notify.ts'

/** What one instance tells the others: a hint. Whoever misses it finds the same in the tables. */
export type Notice =
  /** A root session's log is committed up to `head`. */
  | { type: 'head'; sessionId: string; head: number }
  /** A run waits for an instance to take it. */
  | { type: 'queued' }
  /** Whoever holds the run is to end it. */
  | { type: 'cancelled'; runId: string }
  /** A question was answered that a call may hold open. */
  | { type: 'answered'; elicitationId: string }

export type Notices = {
  /** Sends it, together with what is told within 10 ms; not when nobody else is there. */
  tell(notice: Notice): void
  /** Whether what others tell arrives now. */
  hears(): boolean
  close(): Promise<void>
}

const noticesChannel = 'parley_notices'
/** So many of the longest stay below the 8000 bytes of a payload. */
const noticesPerPayload = 60

/** Exchanges hints with the other instances on the database, outside of any transaction. */
export async function openNotices({
  database,
  onNotice,
  onGap,
  wait = 10,
}: {
  database: Pick<Database, 'query' | 'values' | 'listen' | 'hears' | 'hasOthers'>
  onNotice: (notice: Notice) => void
  /** Notices may have been missed: what they would have told has to be read. */
  onGap: () => void
  /** Milliseconds that notices are gathered. */
  wait?: number
}): Promise<Notices> {
  const from = randomBytes(6).toString('hex')
  let pending = new Map<string, Notice>()
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> = Promise.resolve()

  function receive(payload: string): void {
    const letter = readLetter(payload)
    if (letter?.from === from) return
    if (!letter) onGap()
    for (const notice of letter?.notices ?? []) onNotice(notice)
  }

  function flush(): void {
    timer = undefined
    const payloads = toPayloads(from, [...pending.values()])
    pending = new Map()
    // What is lost is found by the polls of the others.
    sending = sendNotifications(database, noticesChannel, payloads).catch(() => {})
  }

  const stop = await database.listen(noticesChannel, receive, onGap)
  return {
    tell(notice) {
      if (!database.hasOthers()) return
      pending.set(keyOf(notice), notice)
      timer ??= setTimeout(flush, wait)
    },
    hears: database.hears,
    async close() {
      clearTimeout(timer)
      if (pending.size > 0) flush()
      await sending
      await stop()
    },
  }
}

/** A newer notice takes the place of an older one about the same. */
function keyOf(notice: Notice): string {
  switch (notice.type) {
    case 'head':
      return `head ${notice.sessionId}`
    case 'cancelled':
      return `cancelled ${notice.runId}`
    case 'answered':
      return `answered ${notice.elicitationId}`
    case 'queued':
      return 'queued'
  }
}

type Letter = { from: string; notices: Notice[] }

function toPayloads(from: string, notices: Notice[]): string[] {
  const payloads: string[] = []
  for (let start = 0; start < notices.length; start += noticesPerPayload) {
    const letter: Letter = { from, notices: notices.slice(start, start + noticesPerPayload) }
    payloads.push(JSON.stringify(letter))
  }
  return payloads
}

/** null for what none of the instances wrote. */
function readLetter(payload: string): Letter | null {
  try {
    const letter: Letter = JSON.parse(payload)
    return Array.isArray(letter.notices) ? letter : null
  } catch {
    return null
  }
}
