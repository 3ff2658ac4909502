import { afterAll, expect, test } from 'vitest'
import { firstPage, mine, openStore, wholeTenant } from './rows.ts'

const { store, database, close } = await openStore()
afterAll(close)
const { agents } = store
const stranger = { tenant: 'other', owner: null }

test('the agents of a file keep their order', async () => {
  const file = { agents: { zoe: {}, adam: {} } }
  await agents.create(mine, { ...revision('order', 'created'), file })
  const [agent] = await agents.read(wholeTenant, ['order'])
  expect(Object.keys(agent?.file.agents ?? {})).toEqual(['zoe', 'adam'])
})

test('one of several that make the same agent at once succeeds', async () => {
  const tries = [1, 2, 3].map(() => agents.create(mine, revision('same', 'created')))
  expect((await Promise.all(tries)).filter((isMade) => isMade)).toHaveLength(1)
})

test('a change of an older revision is refused', async () => {
  await agents.create(mine, revision('old', 'created'))
  const change = { ...revision('old', 'updated'), revision: 1 }
  expect(await agents.update(mine, change)).toBe(true)
  expect(await agents.update(mine, change)).toBe(false)
  expect(await agents.remove(mine, change)).toBe(false)
})

test('the revisions of a name go on after it was removed, newest first in pages', async () => {
  await agents.create(mine, revision('again', 'created'))
  await agents.remove(mine, { ...revision('again', 'deleted'), revision: 1 })
  await agents.create(mine, revision('again', 'created'))
  const page = await agents.revisions(mine, 'again', { ...firstPage, limit: 2 })
  expect(page.data.map(({ revision, change }) => [revision, change])).toEqual([
    [3, 'created'],
    [2, 'deleted'],
  ])
  const rest = await agents.revisions(mine, 'again', { ...firstPage, cursor: page.next_cursor })
  expect(rest.data.map(({ revision }) => revision)).toEqual([1])
  expect(rest.next_cursor).toBeNull()
})

test('another tenant sees and changes nothing', async () => {
  await agents.create(mine, revision('secret', 'created'))
  const change = { ...revision('secret', 'updated'), revision: 1 }
  expect(await agents.read(stranger, ['secret'])).toEqual([])
  expect(await agents.revision(stranger, 'secret')).toBeNull()
  expect((await agents.revisions(stranger, 'secret', firstPage)).data).toEqual([])
  expect(await agents.update(stranger, change)).toBe(false)
  expect(await agents.remove(stranger, change)).toBe(false)
  expect(await agents.create(stranger, revision('secret', 'created'))).toBe(true)
})

test('each change is in the audit', async () => {
  await agents.create(mine, revision('audited', 'created'))
  const rows = await database.query(
    `select tenant, actor, action, target from audit_log where target = $1`,
    ['agent/audited'],
  )
  expect(rows).toEqual([
    { tenant: 'acme', actor: 'ada', action: 'createAgent', target: 'agent/audited' },
  ])
})

function revision(name: string, change: 'created' | 'updated' | 'deleted') {
  return {
    name,
    version: 'v1',
    change,
    file: { agents: { root: {} } },
    createdBy: 'ada',
    audit: { actor: 'ada', action: 'createAgent', target: `agent/${name}` },
  }
}
