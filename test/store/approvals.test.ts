import { afterAll, describe, expect, test } from 'vitest'
import { Approval } from '#contract/session.ts'
import { definition, firstPage, mine, openStore, strangers, wholeTenant } from './rows.ts'

const { store, rows, close } = await openStore()
afterAll(close)

async function ask(sessionId: string, values = {}) {
  const runId = await rows.run(sessionId)
  const toolCallId = await rows.call(sessionId, runId)
  return rows.approval({ sessionId, runId, toolCallId }, values)
}

test('an approval shows the call that it is about', async () => {
  const sessionId = await rows.session()
  const id = await ask(sessionId)
  const approval = await store.approvals.get(mine, id)
  expect(Approval.parse(approval)).toEqual(approval)
  expect(approval).toMatchObject({
    id,
    session_id: sessionId,
    agent_name: 'root',
    tool_call: { id: 'call_model', type: 'function', function: { name: 'write_file' } },
    tool_definition: definition,
    status: 'pending',
    decided_at: null,
  })
})

test('approvals are listed by status and session, those of sub-sessions with their root', async () => {
  const root = await rows.session({ externalId: 'root-of-these' })
  const child = await rows.session({ rootId: root })
  const first = await ask(root, { status: 'approved' })
  const second = await ask(child, { rootSessionId: root })
  await ask(await rows.session())
  const list = async (filter: object) => {
    const page = await store.approvals.list(mine, firstPage, filter)
    return page.data.map((approval) => approval.id)
  }
  expect(await list({ session: 'root-of-these' })).toEqual([second, first])
  expect(await list({ session: child })).toEqual([second])
  expect(await list({ session: root, status: 'approved' })).toEqual([first])
  expect(await list({ session: 'nobody' })).toEqual([])
})

test('pages of approvals are stable while others are asked for', async () => {
  const session = await rows.session()
  const created = [await ask(session), await ask(session), await ask(session)]
  const first = await store.approvals.list(mine, { ...firstPage, limit: 2 }, { session })
  await ask(session)
  const rest = { ...firstPage, cursor: first.next_cursor }
  const second = await store.approvals.list(mine, rest, { session })
  const seen = [...first.data, ...second.data].map((approval) => approval.id)
  expect(seen).toEqual(created.toReversed())
})

test('a scope without an owner sees the approvals of its tenant', async () => {
  const session = await rows.session({ owner: 'carol' })
  const id = await ask(session, { owner: 'carol' })
  expect(await store.approvals.get(wholeTenant, id)).toMatchObject({ id })
  expect(await store.approvals.get(mine, id)).toBeNull()
})

describe.each(strangers)('to %s', (_, scope) => {
  test('an approval is as if it did not exist', async () => {
    const session = await rows.session()
    const id = await ask(session)
    expect(await store.approvals.get(scope, id)).toBeNull()
    expect((await store.approvals.list(scope, firstPage, {})).data).toEqual([])
    expect((await store.approvals.list(scope, firstPage, { session })).data).toEqual([])
  })
})
