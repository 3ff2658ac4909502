import { afterAll, expect, test } from 'vitest'
import {
  claimKey,
  extendKeys,
  findActiveRun,
  freeOrphanedKeys,
  type KeyPlace,
  keepResponse,
  keepRun,
  releaseKey,
  removeExpiredKeys,
} from '#store/idempotency.ts'
import { mine, openStore, strangers } from './rows.ts'

const { database, rows, close } = await openStore()
afterAll(close)

let count = 0
function newPlace(): KeyPlace {
  count += 1
  return { tenant: 'acme', owner: 'ada', operation: 'createSession', key: `key ${count}` }
}

async function hold(place: KeyPlace, hash = 'hash') {
  const claim = await claimKey(database, place, hash)
  if (claim.type !== 'held') throw new Error(`the key is ${claim.type}`)
  return claim.key
}

const setTime = (place: KeyPlace, column: 'locked_until' | 'expires_at') =>
  database.query(
    `update idempotency_keys set ${column} = now() - interval '1 s'
     where key = $1 returning key`,
    [place.key],
  )

const answer = { status: 201, headers: { Location: '/api/sessions/1' }, body: '{"id":"é"}' }

test('of many who ask at once one holds the key', async () => {
  const place = newPlace()
  const claims = await Promise.all(
    Array.from({ length: 20 }, () => claimKey(database, place, 'hash')),
  )
  expect(claims.filter(({ type }) => type === 'held')).toHaveLength(1)
  expect(claims.filter(({ type }) => type === 'in_flight')).toHaveLength(19)
})

test('a kept answer comes back as it was, to the same request only', async () => {
  const place = newPlace()
  expect(await keepResponse(database, await hold(place), answer)).toBe(true)
  const again = await claimKey(database, place, 'hash')
  expect(again).toEqual({ type: 'done', answer: { type: 'response', ...answer } })
  expect(await claimKey(database, place, 'another')).toEqual({ type: 'mismatch' })
})

test.each([{ tenant: 'other' }, { owner: 'bob' }, { operation: 'runAgent' }])(
  'the same text is another key with %o',
  async (change) => {
    const place = newPlace()
    await hold(place)
    expect(await hold({ ...place, ...change }, 'another')).toMatchObject(change)
  },
)

test('a key that was given back is free, also for another request', async () => {
  const place = newPlace()
  await releaseKey(database, await hold(place))
  await hold(place, 'another')
})

test('a key whose run was begun is not given back', async () => {
  const place = newPlace()
  const key = await hold(place)
  const run = { runId: 'run_1', sessionId: 'ses_1' }
  expect(await keepRun(database, key, run)).toBe(true)
  await releaseKey(database, key)
  const again = await claimKey(database, place, 'hash')
  expect(again).toEqual({ type: 'done', answer: { type: 'run', ...run } })
})

test('the key of a holder that died is free after its lock, and the dead one cannot finish it', async () => {
  const place = newPlace()
  const dead = await hold(place)
  await setTime(place, 'locked_until')
  const next = await hold(place)
  expect(await keepRun(database, dead, { runId: 'run_1', sessionId: 'ses_1' })).toBe(false)
  expect(await keepResponse(database, dead, answer)).toBe(false)
  await releaseKey(database, dead)
  expect(await keepResponse(database, next, answer)).toBe(true)
})

test('a key is new again when its day is over, and old ones are deleted some at a time', async () => {
  const places = [newPlace(), newPlace(), newPlace()]
  for (const place of places) {
    await keepResponse(database, await hold(place), answer)
    await setTime(place, 'expires_at')
  }
  await hold(places[0] ?? newPlace(), 'another')
  expect(await removeExpiredKeys(database, { limit: 1 })).toBe(1)
  expect(await removeExpiredKeys(database, { limit: 10 })).toBe(1)
  expect(await removeExpiredKeys(database, { limit: 10 })).toBe(0)
})

test('keys that a killed process held are free at once, and those that are finished stay', async () => {
  const [held, finished] = [newPlace(), newPlace()]
  const lost = await hold(held)
  await keepResponse(database, await hold(finished), answer)
  await freeOrphanedKeys(database)
  await hold(held)
  expect(await keepResponse(database, lost, answer)).toBe(false)
  expect(await claimKey(database, finished, 'hash')).toMatchObject({ type: 'done' })
})

test('a holder that says that it lives keeps its key, and one that lost it is told', async () => {
  const [slow, lost] = [newPlace(), newPlace()]
  const [held, gone] = [await hold(slow), await hold(lost)]
  await setTime(slow, 'locked_until')
  await setTime(lost, 'locked_until')
  await hold(lost)
  expect(await extendKeys(database, [gone, held])).toEqual([held])
  expect(await claimKey(database, slow, 'hash')).toEqual({ type: 'in_flight' })
  expect(await keepRun(database, held, { runId: 'run_1', sessionId: 'ses_1' })).toBe(true)
  expect(await extendKeys(database, [held])).toEqual([])
})

test('a busy session is found by any name, unless the key was used before', async () => {
  const session = await rows.session({ externalId: 'busy-one' })
  const runId = await rows.run(session, { status: 'running' })
  const idle = await rows.session()
  const [fresh, used] = [newPlace(), newPlace()]
  await hold(used)
  const find = (name: string, place: KeyPlace, scope: typeof mine = mine) =>
    findActiveRun(database, scope, { session: name, place })
  expect(await find(session, fresh)).toEqual({ sessionId: session, runId })
  expect(await find('busy-one', fresh)).toEqual({ sessionId: session, runId })
  expect(await find(session, used)).toBeNull()
  expect(await find(idle, fresh)).toBeNull()
})

test.each(strangers)('to %s a busy session is as if it did not exist', async (_, scope) => {
  const session = await rows.session()
  await rows.run(session, { status: 'running' })
  expect(await findActiveRun(database, scope, { session, place: newPlace() })).toBeNull()
})
