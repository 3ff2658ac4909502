import { expect, test } from 'vitest'
import { ask, newSession, start, until } from '../journeys/conversation.ts'
import { startApp, textOf } from '../support/app.ts'
import type { RecordedRequest, ScriptedAnswer } from '../support/model-server.ts'

const there = await startApp({ lifetime: 'file' })
const asker = `
agents:
  root:
    model: scripted
    permissions: { allow: ["*"] }
    toolsets:
      - { type: a2a, url: "${there.url}/a2a/assistant", name: colleague }
      - { type: mcp, name: house, remote: { url: "${there.url}/mcp" } }
`
const here = await startApp({
  lifetime: 'file',
  agents: { asker },
  flags: ['--allow-host', '127.0.0.1'],
  script: answer,
})

const whichFile = { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which file?' } }] }

/** Asks over the tool that it was told, answers what it is asked, and tells what it heard. */
function answer({ body: { messages } }: RecordedRequest): ScriptedAnswer {
  const [, name = ''] =
    /over (\w+)/.exec(String(messages.find(({ role }) => role === 'user')?.content)) ?? []
  const last = messages.at(-1)
  if (last?.role === 'user') return call(name, { message: 'What does it say?' })
  const told = String(last?.content)
  const [, context_id, task_id] = /context_id (\S+), task_id (\S+)\./.exec(told) ?? []
  return context_id ? call(name, { message: 'a.txt', context_id, task_id }) : { text: told }
}

function call(name: string, given: Record<string, unknown>): ScriptedAnswer {
  return { toolCalls: [{ name, arguments: given }] }
}

test('an agent here asks an agent there over A2A, answers its question, and has its answer', async () => {
  there.model.push(whichFile, { text: 'It says 42' })
  const session = await newSession(here)
  const result = await ask(here, { session, agent: 'asker', message: 'Ask over colleague' })
  expect(result.output).toBe('It says 42')
  const heard = there.model.requests.at(-1)?.body.messages.at(-1)
  expect(heard).toMatchObject({ role: 'tool', content: expect.stringContaining('a.txt') })
})

test('what an agent there asks over MCP, the user of the agent here answers', async () => {
  there.model.push(whichFile, { text: 'It says 43' })
  const session = await newSession(here)
  const run = await start(here, { session, agent: 'asker', message: 'Ask over house_assistant' })
  const events = await until(here, run.id, 'elicitation_request')
  expect(events.at(-1)).toMatchObject({ message: expect.stringContaining('Which file?') })
  await here.client.POST('/api/sessions/{session}/elicitation', {
    params: { path: { session } },
    body: { action: 'accept', content: { answer: 'b.txt' } },
  })
  await until(here, run.id, 'stream_stopped')
  expect(textOf(await here.events(run.id))).toContain('It says 43')
  const heard = there.model.requests.at(-1)?.body.messages.at(-1)
  expect(heard).toMatchObject({ role: 'tool', content: expect.stringContaining('b.txt') })
})
