import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ToolContext } from '#runtime/tool.ts'
import type { Database } from '#store/database.ts'
import { createMemories } from '#store/memories.ts'
import { removeSession } from '#store/session-removal.ts'
import { createMemoryToolset } from '#tools/memory.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { callTool, toolContext } from './tool-context.ts'

let opened: TestDatabase
let database: Database
let made = 0

beforeAll(async () => {
  opened = await openTestDatabase()
  database = opened.database
})
afterAll(async () => await opened.close())

/** A session with a run in it, as a call finds them. */
async function person({
  tenant = 'default',
  owner = `owner_${made}`,
  rootId = null,
  agent = 'support',
  agentName = 'root',
}: Partial<{
  tenant: string
  owner: string
  rootId: string | null
  agent: string
  agentName: string
}> = {}): Promise<Partial<ToolContext>> {
  made += 1
  const [sessionId, runId] = [`ses_memory_${made}`, `run_memory_${made}`]
  await database.query(
    `insert into sessions (id, tenant, owner, root_id) values ($1, $2, $3, $4)`,
    [sessionId, tenant, owner, rootId],
  )
  await database.query(
    `insert into runs (id, tenant, session_id, root_session_id, status, agent, agent_name,
       agent_version, iteration_limit, first_seq)
     values ($1, $2, $3, $3, 'running', $4, $5, 'v1', 10, 1)`,
    [runId, tenant, sessionId, agent, agentName],
  )
  return { tenant, owner, sessionId, runId }
}

function remember(config: Record<string, unknown> = {}) {
  const toolset = createMemoryToolset({ memories: createMemories({ database }) })
  const memory = toolset({ type: 'memory', ...config })
  return async (who: Partial<ToolContext>, name: string, args: Record<string, unknown> = {}) => {
    made += 1
    const context = toolContext({ callId: `call_memory${made}`, ...who })
    const outcome = await callTool(memory, name, args, context)
    if (outcome.type !== 'result') throw new Error('a memory asks nobody')
    return outcome.is_error ? `error: ${outcome.output}` : outcome.output
  }
}

const nothing = 'Nothing is remembered about that.'
const idIn = (output: string) => /mem_\w+/.exec(output)?.[0] ?? ''

test('what is remembered is listed, found, changed and forgotten', async () => {
  const call = remember()
  const ada = await person()
  const id = idIn(await call(ada, 'add_memory', { memory: 'Ada likes tea', category: 'taste' }))
  await call(ada, 'add_memory', { memory: 'The office is in Turin' })
  expect(await call(ada, 'get_memories')).toMatch(/taste\): Ada likes tea\n.*: The office/)
  expect(await call(ada, 'get_memories', { category: 'taste' })).not.toContain('Turin')
  expect(await call(ada, 'update_memory', { id, memory: 'Ada likes coffee' })).toBe(
    `Changed ${id}.`,
  )
  expect(await call(ada, 'search_memories', { query: 'tea' })).toBe(nothing)
  expect(await call(ada, 'search_memories', { query: 'coffee' })).toMatch(
    /taste\): Ada likes coffee$/,
  )
  expect(await call(ada, 'delete_memory', { id })).toBe(`Forgot ${id}.`)
  expect(await call(ada, 'delete_memory', { id })).toContain('error: There is no memory')
})

test('a search takes any word or its beginning, the best match first', async () => {
  const call = remember({ scope: 'user' })
  const who = await person()
  for (const memory of [
    'Deploys go out on Friday',
    'The deploy key of Friday is in the vault',
    'Lunch',
  ]) {
    await call(who, 'add_memory', { memory })
  }
  const found = await call(who, 'search_memories', { query: 'deploy friday vault?' })
  expect(found.split('\n').map((line) => line.replace(/^.*\): /, ''))).toEqual([
    'The deploy key of Friday is in the vault',
    'Deploys go out on Friday',
  ])
})

test.each(["it's", '猫が', 'a\\b', "x' | y:* & !'z", '<->', '%', ':*'])(
  'a search for %j is a search for this text',
  async (query) => {
    const call = remember({ scope: 'user' })
    const who = await person()
    await call(who, 'add_memory', { memory: 'something else' })
    expect(await call(who, 'search_memories', { query })).toBe(nothing)
    await call(who, 'add_memory', { memory: `before ${query} behind` })
    expect(await call(who, 'search_memories', { query })).toContain(`before ${query} behind`)
  },
)

test.each(['session', 'user', 'agent'])(
  'with scope %s nobody sees, changes or forgets what others have',
  async (scope) => {
    const call = remember({ scope })
    const mine = await person({ owner: 'same' })
    const id = idIn(await call(mine, 'add_memory', { memory: 'a secret' }))
    const others = [
      await person({ owner: 'other' }),
      await person({ owner: 'same', tenant: 'elsewhere' }),
    ]
    for (const other of others) {
      const thief = {
        ...other,
        ...(scope === 'session' ? { sessionId: mine.sessionId ?? '' } : {}),
      }
      expect(await call(thief, 'get_memories')).toBe(nothing)
      expect(await call(thief, 'search_memories', { query: 'secret' })).toBe(nothing)
      expect(await call(thief, 'update_memory', { id, memory: 'x' })).toContain('error')
      expect(await call(thief, 'delete_memory', { id })).toContain('error')
    }
    expect(await call(mine, 'get_memories')).toContain('a secret')
  },
)

test('scope says how far a memory reaches', async () => {
  const first = await person({ owner: 'eve' })
  const [sub, otherAgent, later] = await Promise.all([
    person({ owner: 'eve', rootId: first.sessionId ?? null, agentName: 'helper' }),
    person({ owner: 'eve', agent: 'sales' }),
    person({ owner: 'eve' }),
  ])
  const reach = async (scope: string) => {
    const call = remember({ scope })
    await call(first, 'add_memory', { memory: scope })
    const seen = await Promise.all([sub, otherAgent, later].map((who) => call(who, 'get_memories')))
    return seen.map((text) => text.endsWith(scope))
  }
  expect(await reach('session')).toEqual([true, false, false])
  expect(await reach('user')).toEqual([true, true, true])
  expect(await reach('agent')).toEqual([false, false, true])
})

test('a call that is repeated after a crash adds nothing new', async () => {
  const call = remember()
  const who = { ...(await person()), callId: 'call_again' }
  const first = await call(who, 'add_memory', { memory: 'once' })
  expect(await call(who, 'add_memory', { memory: 'once' })).toBe(first)
  expect((await call(who, 'get_memories')).split('\n')).toHaveLength(1)
})

test('a place is full at 1000 memories', async () => {
  const call = remember({ scope: 'user' })
  const who = await person()
  await database.query(
    `insert into memories (id, tenant, owner, scope, key, text)
     select 'mem_full_' || n, $1, $2, 'user', '', 'x' from generate_series(1, 1000) n`,
    [who.tenant ?? '', who.owner ?? ''],
  )
  expect(await call(who, 'add_memory', { memory: 'one more' })).toContain('The memory is full')
})

test('what a session remembers goes with it; what outlives it asks before it is kept', async () => {
  const call = remember({ scope: 'session' })
  const who = await person()
  await call(who, 'add_memory', { memory: 'gone soon' })
  const scope = { tenant: 'default', owner: who.owner ?? '' }
  await removeSession({ database, scope, id: who.sessionId ?? '' })
  const rows = await database.query(`select id from memories where key = $1`, [who.sessionId ?? ''])
  expect(rows).toEqual([])
  const harmless = async (scope: string) => {
    const toolset = createMemoryToolset({ memories: createMemories({ database }) })({ scope })
    const tools = await toolset.tools(toolContext())
    return tools.find(({ definition }) => definition.name === 'add_memory')?.harmless ?? false
  }
  expect([await harmless('session'), await harmless('user')]).toEqual([true, false])
})
