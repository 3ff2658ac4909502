import { randomBytes } from 'node:crypto'
import type { Message } from '#contract/message.ts'
import type { Statements } from '#store/database.ts'
import { createIds } from '#store/ids.ts'
import { createOrm } from '#store/orm.ts'
import { createStore } from '#store/store.ts'
import { approvals, elicitations, messages, runs, sessions, toolCalls } from '#store/tables.ts'
import { openTestDatabase } from '../support/database.ts'

export const mine = { tenant: 'acme', owner: 'ada' }
/** Every other way to stand to what `mine` owns, with the name that a test shows. */
export const strangers = [
  ['another owner of the tenant', { tenant: 'acme', owner: 'bob' }],
  ['another tenant', { tenant: 'other', owner: 'ada' }],
  ['all owners of another tenant', { tenant: 'other', owner: null }],
] as const
export const wholeTenant = { tenant: 'acme', owner: null }

export const firstPage = { limit: 50, cursor: null, order: 'desc' } as const
export const oldestFirst = { limit: 50, cursor: null, order: 'asc' } as const

/** A store on a database of its own, and functions that write what runs write. */
export async function openStore() {
  const { database, close } = await openTestDatabase()
  const ids = createIds({ now: Date.now, random: randomBytes })
  return { store: createStore({ database, ids }), database, ids, close, rows: createRows(database) }
}

type Inserted<Table extends { $inferInsert: unknown }> = Partial<Table['$inferInsert']>

function createRows(database: Statements) {
  const orm = createOrm(database)
  const ids = createIds({ now: Date.now, random: randomBytes })
  return {
    async session(values: Inserted<typeof sessions> = {}) {
      const id = ids.next('ses')
      await orm.insert(sessions).values({ id, ...mine, ...values })
      return values.id ?? id
    },
    async message(
      sessionId: string,
      seq: number,
      parentId: string | null,
      content = `text ${seq}`,
    ) {
      const body = toMessage({ id: ids.next('msg'), parentId, content })
      await orm.insert(messages).values({
        id: body.id,
        tenant: mine.tenant,
        sessionId,
        parentId,
        role: body.role,
        seq,
        body,
      })
      return body
    },
    async run(sessionId: string, values: Inserted<typeof runs> = {}) {
      const id = ids.next('run')
      await orm.insert(runs).values({
        id,
        tenant: mine.tenant,
        sessionId,
        rootSessionId: sessionId,
        status: 'completed',
        agent: 'helper',
        agentName: 'root',
        agentVersion: 'v1',
        iterationLimit: 20,
        firstSeq: 1,
        ...values,
      })
      return id
    },
    async call(sessionId: string, runId: string, values: Inserted<typeof toolCalls> = {}) {
      const id = ids.next('call')
      await orm.insert(toolCalls).values({
        id,
        tenant: mine.tenant,
        sessionId,
        runId,
        messageId: 'msg_1',
        ordinal: 0,
        callId: 'call_model',
        tool: 'write_file',
        arguments: '{"path":"a"}',
        argsHash: 'hash',
        definition,
        executor: 'server',
        effect: 'once',
        state: 'awaiting',
        ...values,
      })
      return id
    },
    async approval(
      place: { sessionId: string; runId: string; toolCallId: string },
      values: Inserted<typeof approvals> = {},
    ) {
      const id = ids.next('apr')
      const rest = { ...mine, rootSessionId: place.sessionId, argsHash: 'hash', expiresAt }
      await orm.insert(approvals).values({ id, ...place, ...rest, ...values })
      return id
    },
    async elicitation(
      place: { sessionId: string; runId: string; toolCallId: string },
      values: Inserted<typeof elicitations> = {},
    ) {
      const id = ids.next('eli')
      const asked = { message: 'Which file?', mode: 'form', schema: { type: 'object' } }
      const rest = { tenant: mine.tenant, rootSessionId: place.sessionId, expiresAt }
      await orm.insert(elicitations).values({ id, ...place, ...rest, ...asked, ...values })
      return id
    },
  }
}

export const expiresAt = new Date('2040-01-01T00:00:00.000Z')

export const definition = {
  name: 'write_file',
  description: 'Writes a file',
  parameters: { type: 'object' },
  annotations: {},
  effect: 'once',
} as const

function toMessage({
  id,
  parentId,
  content,
}: {
  id: string
  parentId: string | null
  content: string
}): Message {
  return {
    id,
    parent_id: parentId,
    role: 'user',
    agent_name: null,
    status: 'complete',
    content,
    created_at: '2030-01-01T00:00:00.000Z',
  }
}
