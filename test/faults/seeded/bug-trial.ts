import { setTimeout } from 'node:timers/promises'
import { createTestClient } from '../../support/database.ts'
import type { Random } from '../../support/random.ts'
import { checkEvidence } from '../checker.ts'
import { faultEnvironment } from '../environment.ts'
import type { PromiseId, Violation } from '../evidence.ts'
import { type House, type Instance, openHouse } from '../house.ts'
import type { PostgresServer } from '../postgres-server.ts'
import { openViewer, type Viewer } from '../viewer.ts'

/** What a seeded bug breaks, brought about: finds nothing in a server without the bug. */
export type BugTrial = {
  /** A name in seeded-bugs.ts. */
  bug: string
  /** The promise whose rules have to find it. */
  promise: PromiseId
  run(world: BugWorld): Promise<Violation[]>
}

export type BugWorld = {
  /** undefined: the servers are as they are. */
  bug: string | undefined
  random: Random
  postgres: PostgresServer
  /** Ends the trial before its time. */
  signal: AbortSignal
}

/** Milliseconds that a play may take. */
const playLimit = 60_000

type HouseOptions = Parameters<typeof openHouse>[0]

/** A house, with its viewers, which leave when the play is over. */
export type Stage = House & {
  follow(session: string, options?: { cuts?: boolean }): Viewer
}

/**
 * Makes a house whose servers have the bug, lets `play` act in it, and hands all that is known to
 * the checker. What `play` answers is found, too. A fault that was asked for has to fire.
 */
export async function inHouse(
  { bug, random, postgres, signal }: BugWorld,
  {
    names,
    faults = {},
    clockOffsets = {},
    ...options
  }: Omit<HouseOptions, 'names' | 'postgres' | 'environments'> & {
    /** More than one: on Postgres. */
    names: readonly string[]
    faults?: Record<string, string>
    clockOffsets?: Record<string, number>
  },
  play: (stage: Stage) => Promise<Violation[]>,
): Promise<Violation[]> {
  const environments = names.map((name): [string, Record<string, string>] => [
    name,
    faultEnvironment({ bug, fault: faults[name], clockOffset: clockOffsets[name] }),
  ])
  const house = await openHouse({
    ...options,
    names,
    ...(names.length > 1 && { postgres }),
    environments: Object.fromEntries(environments),
  })
  const viewers: Viewer[] = []
  const follow = (session: string, { cuts = false } = {}) => {
    const viewer = openViewer(house, { session, random, cuts })
    viewers.push(viewer)
    return viewer
  }
  const leave = () => Promise.all(viewers.map((viewer) => viewer.stop()))
  try {
    const ends = AbortSignal.any([signal, AbortSignal.timeout(playLimit)])
    const found = await Promise.race([play({ ...house, follow }), whenAborted(ends)])
    await leave()
    const wanted = Object.keys(faults).length
    if (house.fired().length < wanted) throw new Error('The fault did not fire')
    const { history, ledger, model } = house
    const contents = await house.contents()
    const evidence = { history, contents, ledger: ledger.read(), requests: model.requests }
    return [...checkEvidence(evidence), ...found]
  } finally {
    await leave()
    await house.close()
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new Error(`The trial was ended: ${signal.reason}`))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}

/** The instances by their names. */
export function instanceOf({ instances }: House, name: string): Instance {
  const found = instances.find((instance) => instance.name === name)
  if (!found) throw new Error(`There is no instance ${name}`)
  return found
}

/** All that is asked from now on goes to this instance, and new viewers follow there. */
export function visitOnly({ instances }: House, name: string): void {
  for (const instance of instances) instance.passedOver = instance.name !== name
}

/** As if the leases that are held now had run out; who holds one may renew it. */
export async function endLeases({ databaseUrl }: House): Promise<void> {
  if (databaseUrl === undefined) throw new Error('An embedded database has no leases to end')
  const sql = createTestClient(databaseUrl)
  try {
    await sql`update runs set lease_expires_at = now() where status = 'running'`
  } finally {
    await sql.end()
  }
}

/** Resolves when a fault has fired; rejects when none does within 20 s. */
export async function untilFired(house: House): Promise<void> {
  for (let look = 0; house.fired().length === 0; look += 1) {
    if (look === 2000) throw new Error('The fault did not fire')
    await setTimeout(10)
  }
}

/** Starts an instance that a fault has killed, without the fault. */
export async function startWithoutFault(instance: Instance): Promise<void> {
  await instance.kill()
  delete instance.environment.PARLEY_FAULT
  await instance.start()
}
