import type { KeyScope } from '#contract/access.ts'
import { type App, startApp } from '../support/app.ts'
import { startIdentityProvider } from '../support/identity-provider.ts'
import type { World } from './authorization-rows.ts'

const code = 'export function execute() { return 1 }'

/** A server with two tenants, and what Ada of `red` has there. */
export async function openWorld() {
  const provider = await startIdentityProvider()
  const app = await startApp({
    lifetime: 'file',
    flags: [
      ...provider.flags,
      '--enable-code',
      '--trust-proxy',
      '--rate-limit',
      '0',
      '--max-key-runs',
      '1000',
    ],
    script: ({ body: { messages } }) =>
      messages.at(-1)?.role === 'user' && String(messages.at(-1)?.content).includes('Write')
        ? { toolCalls: [{ name: 'write_file', arguments: { path: 'a.txt', content: 'a' } }] }
        : { text: 'Hello.' },
  })
  const tokens = {
    ada: await provider.person('red', 'ada'),
    bob: await provider.person('red', 'bob'),
    boss: await provider.person('red', 'boss', 'admin'),
    elsewhere: await provider.person('blue', 'ada', 'admin'),
  }
  const ada = app.as(tokens.ada)
  const boss = app.as(tokens.boss)
  const makeKey = async (scopes: KeyScope[], expires_in?: number) => {
    const body = { name: 'test', owner: 'ada', scopes, ...(expires_in && { expires_in }) }
    return (await boss.POST('/api/keys', { body })).data
  }
  let count = 0
  const unused = () => `made-${++count}`
  const newSession = async () => (await ada.POST('/api/sessions', { body: {} })).data.id
  const newAgent = async () => {
    const body = { name: unused(), system_prompt: 'Help' }
    return (await ada.POST('/api/agents', { body })).data.name
  }
  const newTool = async () => {
    const body = { name: unused(), schema_json: '{}', javascript_code: code }
    const params = { path: { agent } }
    return (await ada.POST('/api/agents/{agent}/tools', { params, body })).data.name
  }
  const agent = await newAgent()
  const session = await newSession()
  const { run } = await say(app, tokens.ada, session, 'Hi')
  const messages = await ada.GET('/api/sessions/{session}/messages', {
    params: { path: { session } },
  })
  const exported = await ada.GET('/api/sessions/{session}/export', {
    params: { path: { session } },
  })
  await say(app, tokens.ada, session, 'Write it')
  const approvals = await ada.GET('/api/approvals')
  const tool = await newTool()
  const versions = await ada.GET('/api/agents/{agent}/versions', { params: { path: { agent } } })
  const [first, second] = messages.data.data
  const world: World = {
    session,
    run: run.id,
    message: first?.id ?? '',
    answer: second?.id ?? '',
    approval: approvals.data.data[0]?.id ?? '',
    agent,
    tool,
    version: versions.data.data[0]?.version ?? '',
    key: (await makeKey(['read'])).id,
    exported: exported.data,
    unused,
    newAgent,
    newTool,
    newSession,
  }
  return { app, provider, tokens, makeKey, world }
}

async function say(app: App, token: string, session: string, message: string) {
  const { data } = await app.as(token).POST('/api/sessions/{session}/agent/{agent}', {
    params: { path: { session, agent: 'assistant' } },
    body: [{ role: 'user', content: message }],
  })
  if (!('run' in data)) throw new Error('The run was not waited for')
  return data
}
