import { expect, test } from 'vitest'
import { startApp, textOf } from '../support/app.ts'
import { ask, newSession } from './conversation.ts'

const app = await startApp({
  lifetime: 'file',
  script: ({ body }) => {
    const last = body.messages.at(-1)
    if (body.model === 'broken') return { fault: { kind: 'status', status: 400 } }
    if (body.model === 'cut') {
      return { text: 'This is cut', fault: { kind: 'status', status: 500, position: 'middle' } }
    }
    if (last?.role === 'user' && String(last.content).includes('billing')) {
      return { toolCalls: [{ name: 'handoff', arguments: { agent: 'billing' } }] }
    }
    const system = body.messages.find(({ role }) => role === 'system')
    return { text: `${body.model}: ${system?.content ?? 'no system prompt'}` }
  },
  agents: {
    chain: `
agents:
  root:
    model: [scripted/broken, scripted/good]
    instruction: Answer.
`,
    slow: `
agents:
  root:
    model: scripted/cut
    instruction: Answer.
    fallback: { models: [scripted/good], retries: 0, cooldown: 1h }
`,
    desk: `
agents:
  root:
    model: scripted/good
    instruction: You are the front desk.
    handoffs: [billing]
  billing:
    model: scripted/good
    description: Knows invoices
    instruction: You are billing.
`,
  },
})

test('the next model of the chain answers when one fails, and the stream says so', async () => {
  const { run, output } = await say('chain', 'Hi')
  const log = await app.events(run.id)
  expect(log.find((event) => event.type === 'model_fallback')).toMatchObject({
    failed_model: 'scripted/broken',
    fallback_model: 'scripted/good',
    attempt: 1,
    max_attempts: 2,
  })
  expect({ output, model: run.model }).toEqual({ output: 'good: Answer.', model: 'scripted/good' })
})

test('a model that failed is passed over while it cools down; the cut text is dropped', async () => {
  const first = await say('slow', 'Hi')
  const log = await app.events(first.run.id)
  const restart = log.find((event) => event.type === 'step_restarted')
  const kept = log.filter((event) => event.seq > (restart?.seq ?? 0))
  expect(textOf(kept)).toBe('good: Answer.')
  const asked = app.model.requests.length
  await say('slow', 'Again')
  expect(app.model.requests.slice(asked).map(({ body }) => body.model)).toEqual(['good'])
})

test('after a handoff the other agent answers, also in the next run of the session', async () => {
  const { run, output } = await say('desk', 'A question about billing')
  expect(output).toBe('good: You are billing.')
  expect(run.agent_name).toBe('billing')
  const log = await app.events(run.id)
  expect(log.find((event) => event.type === 'agent_switching')).toMatchObject({
    switching: true,
    from_agent: 'root',
    to_agent: 'billing',
  })
  const { data } = await app.client.POST('/api/sessions/{session}/chat', {
    params: { path: { session: run.session_id } },
    body: { message: 'And now?' },
  })
  expect(data).toMatchObject({ output: 'good: You are billing.' })
})

async function say(agent: string, message: string) {
  return ask(app, { session: await newSession(app), agent, message })
}
