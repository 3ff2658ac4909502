import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { createTeamScript } from '../support/team.ts'
import { createCagentClient, typesOf } from './cagent-client.ts'

const team = `
agents:
  root:
    model: scripted
    description: Leads
    instruction: You are the leader
    sub_agents: [helper]
    handoffs: [closer]
  helper:
    model: scripted
    description: Writes files
    instruction: You are the helper
    toolsets: [{ type: filesystem, path: ./files }]
  closer:
    model: openai/gpt-5-mini
    description: Says goodbye
    instruction: You are the closer
`
const { script, say } = createTeamScript({
  root: 'You are the leader',
  helper: 'You are the helper',
})
const { url } = await startApp({ lifetime: 'file', agents: { team }, script })
const { send, newSession, run } = createCagentClient(`${url}/compat/cagent`)

const transfer = {
  toolCalls: [
    { id: 'call_t', name: 'transfer_task', arguments: { agent: 'helper', task: 'Write a file' } },
  ],
}
const write = {
  toolCalls: [{ id: 'call_w', name: 'write_file', arguments: { path: 'sub.txt', content: 'x' } }],
}

test('a task is given, approved on the parent, and stands in its transcript', async () => {
  const id = await newSession()
  say('root', transfer, { text: 'It is done.' })
  say('helper', write, { text: 'Written.' })
  const events = await run(`${id}/agent/team`, 'Go', async ({ type }) => {
    if (type !== 'tool_call_confirmation') return
    const answer = await send('POST', `/sessions/${id}/resume`, { confirmation: 'approve' })
    expect(answer[0]).toBe(200)
  })
  const nested = typesOf(events).filter((type) => /^(stream|sub|agent_s)/.test(type))
  expect(nested).toEqual([
    'stream_started',
    'agent_switching',
    'stream_started',
    'stream_stopped',
    'sub_session_completed',
    'agent_switching',
    'stream_stopped',
  ])
  const completed = events.find(({ type }) => type === 'sub_session_completed')
  const child = completed?.sub_session as { id: string; messages: object[] }
  expect(child.messages).toHaveLength(4)
  const [, shown] = await send('GET', `/sessions/${id}`)
  const { messages } = shown as { messages: { agentName: string; message: { role: string } }[] }
  expect(messages.map(({ agentName, message }) => `${agentName}:${message.role}`)).toEqual([
    ':user',
    'root:assistant',
    ':user',
    'helper:assistant',
    'helper:tool',
    'helper:assistant',
    'root:tool',
    'root:assistant',
  ])
  expect(messages[2]).toMatchObject({ implicit: true })
  expect((await send('GET', `/sessions/${child.id}`))[0]).toBe(200)
  const [, listed] = await send('GET', '/sessions')
  expect(listed).toMatchObject([{ id }])
})

test('an agent of the team is run by its name, and the list says that it is a team', async () => {
  const id = await newSession()
  say('helper', { text: 'I write.' })
  const events = await run(`${id}/agent/team/helper`, 'Who are you?')
  expect(events.find(({ type }) => type === 'stream_started')).toMatchObject({
    session_id: id,
    agent: 'helper',
    agent_name: 'helper',
  })
  expect(events.find(({ type }) => type === 'team_info')).toMatchObject({
    current_agent: 'helper',
    available_agents: [
      { name: 'root', provider: 'scripted', model: 'scripted' },
      { name: 'helper' },
      { name: 'closer', provider: 'openai', model: 'gpt-5-mini' },
    ],
  })
  expect(await send('GET', '/agents')).toEqual([
    200,
    [{ name: 'team', description: 'Leads', multi: true }],
  ])
  expect((await send('GET', '/agents/team'))[1]).toMatchObject({
    agents: [{ Name: 'root', sub_agents: ['helper'] }, { Name: 'helper' }, { Name: 'closer' }],
    models: { 'openai/gpt-5-mini': { provider: 'openai', model: 'gpt-5-mini' } },
  })
})
