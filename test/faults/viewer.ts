import { get } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { framesOf } from '../reliability/frames.ts'
import type { Random } from '../support/random.ts'
import { pickDoor } from './client.ts'
import type { Door, House } from './house.ts'

/** A page that follows a session and connects again, wherever it can, until it is stopped. */
export type Viewer = {
  session: string
  /** All that it has seen, as events. */
  seen(): SeenEvent[]
  /** How many milliseconds after its own time each of them came. */
  arrivals(): number[]
  /** Resolves with the first event it saw that fits, from the `from`th on. */
  until(fits: (event: SeenEvent) => boolean, options?: { from?: number }): Promise<SeenEvent>
  stop(): Promise<void>
}

export type SeenEvent = { type: string; seq: number; run_id: string; [field: string]: unknown }

/** Milliseconds without a byte after which a page takes its connection for dead. */
const silenceLimit = 15_000

/** `cuts`: whether it ends its connections itself, at any byte. */
export function openViewer(
  house: House,
  { session, random, cuts = true }: { session: string; random: Random; cuts?: boolean },
): Viewer {
  const events: SeenEvent[] = []
  const arrivals: number[] = []
  const watchers = new Set<() => void>()
  const stopping = new AbortController()
  /** The door that a balancer passes over now, because nobody answered there. */
  let silent: Door | undefined

  const over = (async () => {
    while (!stopping.signal.aborted) {
      const limit = cuts && random.below(3) === 0 ? random.below(6000) : Number.POSITIVE_INFINITY
      await connectOnce(limit)
      if (!stopping.signal.aborted) await setTimeout(20 + random.below(80))
    }
  })()

  function pickElsewhere(): Door {
    const others = house.doors.filter((door) => door !== silent)
    return pickDoor({ doors: others.length > 0 ? others : house.doors }, random)
  }

  function connectOnce(limit: number): Promise<void> {
    const { history } = house
    const door = pickElsewhere()
    const { name, url } = door
    silent = undefined
    const stream = history.nextId()
    const after = events.at(-1)?.seq ?? 0
    let text = ''
    let length = 0
    history.add({ kind: 'connected', stream, instance: name, session, after })
    const take = (chunk: Buffer) => {
      text += chunk.subarray(0, Math.max(0, limit - length)).toString('latin1')
      length += chunk.length
      const end = text.lastIndexOf('\n\n') + 2
      if (end < 2) return
      for (const { seq, data: bytes } of framesOf(text.slice(0, end))) {
        const data = Buffer.from(bytes, 'latin1').toString()
        history.add({ kind: 'frame', stream, seq, data })
        const event = JSON.parse(data)
        events.push(event)
        arrivals.push(Date.now() - Date.parse(event.timestamp))
      }
      text = text.slice(end)
      for (const watch of watchers) watch()
    }
    return new Promise((resolve) => {
      let reason = 'the server ended it'
      const headers = { accept: 'text/event-stream', 'last-event-id': String(after) }
      const signal = stopping.signal
      const request = get(
        `${url}/api/sessions/${session}/events`,
        { headers, agent: false, signal, timeout: silenceLimit },
        (response) => {
          if (response.statusCode !== 200) reason = `status ${response.statusCode}`
          response.on('error', () => undefined)
          response.on('data', (chunk: Buffer) => {
            if (response.statusCode === 200) take(chunk)
            if (length < limit) return
            reason = 'the client cut it'
            request.destroy()
          })
        },
      )
      request.on('timeout', () => {
        silent = door
        request.destroy(new Error('silence'))
      })
      request.on('error', (error) => {
        reason = String(error)
      })
      request.on('close', () => {
        history.add({ kind: 'disconnected', stream, reason })
        resolve()
      })
    })
  }

  return {
    session,
    seen: () => events,
    arrivals: () => arrivals,
    until: (fits, { from = 0 } = {}) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          const found = events.slice(from).find(fits)
          if (found) resolve(found)
          else if (stopping.signal.aborted) reject(new Error('The viewer was stopped'))
          else return
          watchers.delete(watch)
        }
        watchers.add(watch)
        watch()
      }),
    async stop() {
      stopping.abort()
      for (const watch of watchers) watch()
      await over
    },
  }
}
