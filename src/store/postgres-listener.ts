import { randomBytes } from 'node:crypto'
import type { Database } from './database.ts'
import { toProblem } from './failures.ts'
import { type Client, connectPostgres } from './postgres-client.ts'

export type Listener = Pick<Database, 'listen' | 'hears' | 'hasOthers'> & { close(): Promise<void> }

type Subscription = {
  channel: string
  onMessage: (payload: string) => void
  onListen: (() => void) | undefined
}

/** Every listener hears the beats of all, its own too. */
const beatChannel = 'parley_beat'
const longestBackoff = 1000

/**
 * One connection that listens, for all channels. A connection that is lost says so, one that has
 * gone silent does not: the listener notifies itself now and then, and what does not come back in
 * time makes it begin anew. Beats of others tell whether anybody else is there.
 */
export function createListener({
  url,
  notify,
  beatEvery = 5000,
  patience = 2000,
}: {
  url: string
  /** Sends over another connection, as other instances do. */
  notify: (channel: string, payload: string) => Promise<void>
  /** Milliseconds. */
  beatEvery?: number
  /** Milliseconds until a beat has to be back. */
  patience?: number
}): Listener {
  const id = randomBytes(8).toString('hex')
  const subscriptions = new Set<Subscription>()
  const others = new Map<string, number>()
  let client: Client | undefined
  let opening: Promise<void> | undefined
  let hears = false
  let closed = false
  let failures = 0
  let nextBeat: NodeJS.Timeout | undefined
  let watch: NodeJS.Timeout | undefined
  let retry: NodeJS.Timeout | undefined

  async function open(): Promise<void> {
    const current = connectPostgres({
      url,
      statementTimeout: 0,
      onclose: () => lose(current),
      onnotify: receive,
    })
    client = current
    // The connection itself may take some time, too.
    expectWithin(current, 2 * patience)
    try {
      await current.unsafe(listenTo([beatChannel, ...channels()]))
    } catch (error) {
      lose(current)
      throw toProblem(error)
    }
    if (client !== current) return
    for (const { onListen } of subscriptions) onListen?.()
    stopWatch()
    beat()
  }

  function channels(): Set<string> {
    return new Set([...subscriptions].map(({ channel }) => channel))
  }

  /** A beat that is still on its way is not given more time by the next one. */
  function expectWithin(current: Client, milliseconds: number): void {
    watch ??= setTimeout(lose, milliseconds, current).unref()
  }

  function stopWatch(): void {
    clearTimeout(watch)
    watch = undefined
  }

  function beat(): void {
    if (!client) return
    clearTimeout(nextBeat)
    nextBeat = setTimeout(beat, beatEvery).unref()
    expectWithin(client, patience)
    // A database that is away is found by the beat that doesn't come.
    notify(beatChannel, id).catch(() => {})
  }

  function receive(channel: string, payload: string): void {
    if (channel === beatChannel) hearBeat(payload)
    for (const subscription of subscriptions) {
      if (subscription.channel === channel) subscription.onMessage(payload)
    }
  }

  function hearBeat(from: string): void {
    if (from === id) {
      stopWatch()
      hears = true
      failures = 0
      return
    }
    const isNew = !others.has(from)
    others.set(from, performance.now())
    // It has to know of this one before its next beat.
    if (isNew) beat()
  }

  function lose(lost: Client): void {
    if (client !== lost) return
    client = undefined
    hears = false
    clearTimeout(nextBeat)
    stopWatch()
    lost.end({ timeout: 0 }).catch(() => {})
    if (closed) return
    const wait = Math.min(longestBackoff, 100 * 2 ** failures) * (0.5 + Math.random() / 2)
    failures += 1
    retry = setTimeout(() => {
      opening = open()
      opening.catch(() => {})
    }, wait).unref()
  }

  async function stop(subscription: Subscription): Promise<void> {
    subscriptions.delete(subscription)
    if (channels().has(subscription.channel)) return
    // A connection that is gone listens to nothing.
    await client?.unsafe(`unlisten "${subscription.channel}"`).catch(() => {})
  }

  return {
    async listen(channel, onMessage, onListen) {
      const isFirst = opening === undefined
      const subscription = { channel, onMessage, onListen }
      subscriptions.add(subscription)
      try {
        opening ??= open()
        await opening
        // Otherwise the connection has begun without it; while there is none, the next one has it.
        if (!isFirst && client) {
          await client.unsafe(listenTo([channel]))
          onListen?.()
        }
      } catch (error) {
        subscriptions.delete(subscription)
        throw toProblem(error)
      }
      return () => stop(subscription)
    },
    hears: () => hears,
    hasOthers() {
      const oldest = performance.now() - 3 * beatEvery
      for (const [other, time] of others) if (time < oldest) others.delete(other)
      return !hears || others.size > 0
    },
    async close() {
      closed = true
      clearTimeout(retry)
      const last = client
      client = undefined
      clearTimeout(nextBeat)
      stopWatch()
      await last?.end({ timeout: 0 })
    },
  }
}

function listenTo(channels: string[]): string {
  return channels.map((channel) => `listen "${channel}"`).join('; ')
}
