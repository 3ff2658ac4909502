import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '#client/index.ts'
import { openDatabase } from '#store/open-database.ts'
import { readConfig } from '../../src/config.ts'
import { startServer } from '../../src/server.ts'
import { ask, newSession, resume } from '../journeys/conversation.ts'
import { collectRun, createHome } from '../support/app.ts'
import { checkedFetch } from '../support/contract.ts'
import { openTestDatabase } from '../support/database.ts'
import { startModelServer } from '../support/model-server.ts'

const text =
  'agents: { root: { model: scripted, toolsets: [{ type: think }, { type: filesystem, path: . }] } }'
const script = 'export function execute() { return 1 }'

test.each(['database', 'directory'])(
  'every administrative act leaves one line, in its order and for its actor: agents in a %s',
  async (kind) => {
    const { url, client, model, home, close } = await openHouse(kind === 'directory')
    const agent = 'made'
    const path = { agent }
    const tool = { agent, tool: 'one' }
    const config = { agents: { root: { instruction: 'Hello' } } }
    await client.POST('/api/agents', { body: { name: agent, config } })
    const first = await client.GET('/api/agents/{agent}', { params: { path } })
    await client.PUT('/api/agents/{agent}', { params: { path }, body: { description: 'New' } })
    await client.PUT('/api/agents/{agent}/prompt', { params: { path }, body: { content: 'Be' } })
    await client.POST('/api/agents/{agent}/tools', {
      params: { path },
      body: { name: 'one', schema_json: '{"type":"object"}', javascript_code: script },
    })
    await client.PUT('/api/agents/{agent}/tools/{tool}', {
      params: { path: tool },
      body: { javascript_code: `${script} // 2` },
    })
    await client.DELETE('/api/agents/{agent}/tools/{tool}', { params: { path: tool } })
    await client.POST('/api/agents/{agent}/versions/{version}/restore', {
      params: { path: { agent, version: first.data.version } },
    })
    await client.POST('/api/agents/{agent}/duplicate', {
      params: { path },
      body: { new_name: 'copy' },
    })
    await client.DELETE('/api/agents/{agent}', { params: { path } })
    await client.POST('/api/agents/{agent}/reload', { params: { path: { agent: 'assistant' } } })
    for (const confirmation of ['approve-tool', 'reject'] as const) {
      model.push(
        { toolCalls: [{ name: 'write_file', arguments: { path: 'x', content: confirmation } }] },
        { text: 'Done' },
      )
      const session = await newSession({ client })
      const { run } = await ask({ client }, { session })
      await resume({ client }, session, { confirmation })
      await collectRun(client, run.id)
    }
    // What changes nothing, or is refused, is no act.
    await client.GET('/api/agents')
    await fetch(`${url}/api/agents/none`, { method: 'DELETE' })
    await fetch(`${url}/api/agents`, { method: 'POST', body: '{"name":"x"}' })
    await close()

    const rows = await readAudit(home)
    const agents = rows.filter(({ target }) => !target.startsWith('approval/'))
    expect(agents.map(({ action, target }) => `${action} ${target}`)).toEqual([
      'createAgent agent/made',
      'updateAgent agent/made',
      'updateAgentPrompt agent/made',
      'createAgentTool agent/made',
      'updateAgentTool agent/made',
      'deleteAgentTool agent/made',
      'restoreAgentVersion agent/made',
      'duplicateAgent agent/copy',
      'deleteAgent agent/made',
      'reloadAgent agent/assistant',
    ])
    const decisions = rows.filter(({ target }) => target.startsWith('approval/'))
    expect(decisions.map(({ action, details }) => ({ action, ...details }))).toMatchObject([
      { action: 'decideApproval', status: 'approved', scope: 'tool', tool: 'write_file' },
      { action: 'decideApproval', status: 'rejected', scope: 'call', tool: 'write_file' },
    ])
    expect(new Set(rows.map(({ tenant, actor }) => `${tenant} ${actor}`))).toEqual(
      new Set(['default local']),
    )
  },
)

test('what stands in the audit log is never changed, removed or emptied', async () => {
  const { database, close } = await openTestDatabase()
  onTestFinished(close)
  await database.query(
    `insert into audit_log (id, tenant, actor, action, target) values ('aud_1', 't', 'a', 'x', 'y')`,
    [],
  )
  for (const statement of [
    `update audit_log set actor = 'b'`,
    'delete from audit_log',
    'truncate audit_log',
    `insert into audit_log (id, tenant, actor, action, target) values ('aud_1', 't', 'b', 'x', 'y')
     on conflict (id) do update set actor = 'b'`,
  ]) {
    await expect(database.query(statement, [])).rejects.toThrow()
  }
  const rows = await database.query('select actor from audit_log', [])
  expect(rows).toEqual([{ actor: 'a' }])
})

/** A server whose database can be read after it was closed. */
async function openHouse(writable: boolean) {
  const model = await startModelServer()
  const home = await createHome({ agents: { assistant: text }, baseUrl: model.baseUrl })
  const made = await mkdtemp(join(tmpdir(), 'parley-made-'))
  await writeFile(join(home.directory, 'x'), '')
  const own = writable ? ['--agents-writable', made] : []
  const argv = [...home.flags, '--listen', '127.0.0.1:0', '--log-level', 'error', '--enable-code']
  const server = await startServer(
    readConfig({ argv: [...argv, ...own], environment: {}, directory: home.directory }),
  )
  onTestFinished(async () => {
    await server.close()
    await model.close()
    await home.remove()
    await rm(made, { recursive: true })
  })
  const client = createClient({ baseUrl: server.url, fetch: checkedFetch() })
  return { url: server.url, client, model, home, close: server.close }
}

type Row = {
  tenant: string
  actor: string
  action: string
  target: string
  details: Record<string, unknown>
}

async function readAudit({ flags }: { flags: string[] }): Promise<Row[]> {
  const flagOf = (flag: string) =>
    flags.includes(flag) ? flags[flags.indexOf(flag) + 1] : undefined
  const url = flagOf('--database-url')
  const database = await openDatabase(
    url === undefined ? { dataDirectory: flagOf('--data-dir') ?? '', onFatal: () => {} } : { url },
  )
  try {
    return await database.query(
      'select tenant, actor, action, target, details from audit_log order by created_at, id',
      [],
    )
  } finally {
    await database.close()
  }
}
