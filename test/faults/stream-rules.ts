import { checkGrammar } from '#contract/event-grammar.ts'
import type { Evidence, Rule } from './evidence.ts'
import { streamsOf } from './history.ts'

export const streamRules: readonly Rule[] = [
  { promise: 'R1', name: 'what was seen is stored', find: findUnstored },
  { promise: 'R2', name: 'after=k is exact', find: findInexact },
  { promise: 'R2', name: 'a log has no gap', find: findGaps },
  { promise: 'R2', name: 'a log follows the grammar', find: findUngrammatical },
]

/** Events that a client saw and that are not in the store byte for byte. */
function findUnstored({ history, contents }: Evidence): string[] {
  const stored = new Map(
    [...contents.logs].map(([session, log]) => [
      session,
      new Map(log.map(({ seq, data }) => [seq, data])),
    ]),
  )
  return streamsOf(history).flatMap(({ session, instance, frames }) =>
    frames
      .filter(({ seq, data }) => stored.get(session)?.get(seq) !== data)
      .map(({ seq, data }) => {
        const kept = stored.get(session)?.get(seq) ?? 'nothing'
        return `${instance} showed ${session} seq ${seq} as ${data}, stored is ${kept}`
      }),
  )
}

/** Connections that did not go on with the next event, one after the other. */
function findInexact({ history }: Evidence): string[] {
  return streamsOf(history).flatMap(({ session, instance, after, frames }) => {
    const wrong = frames.findIndex(({ seq }, index) => seq !== after + index + 1)
    if (wrong < 0) return []
    const previous = frames[wrong - 1]?.seq ?? `after=${after}`
    return [`${instance} sent ${session} seq ${frames[wrong]?.seq} behind ${previous}`]
  })
}

function findGaps({ contents }: Evidence): string[] {
  return contents.sessions.flatMap(({ id, lastSeq }) => {
    const log = contents.logs.get(id) ?? []
    const wrong = log.findIndex(({ seq }, index) => seq !== index + 1)
    if (wrong >= 0) return [`${id} has seq ${log[wrong]?.seq} at place ${wrong + 1}`]
    return log.length === lastSeq ? [] : [`${id} says ${lastSeq} events and has ${log.length}`]
  })
}

function findUngrammatical({ contents }: Evidence): string[] {
  return [...contents.logs].flatMap(([session, log]) =>
    checkGrammar(
      log.map(({ event }) => event),
      { complete: true },
    ).map((fault) => `${session}: ${fault}`),
  )
}
