import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, getSession, newSession } from './conversation.ts'

const assistant = `
agents:
  root:
    model: scripted
    commands:
      fix: Find the mistake and correct it.
      tell:
        description: Says what is new
        instruction: Tell what is new.
`
const app = await startApp({ lifetime: 'file', agents: { assistant } })
const { client, model } = app
const shown = () => model.requests.at(-1)?.body.messages.at(-1)?.content

test.each([
  ['/fix', 'Find the mistake and correct it.'],
  ['/fix  line 3\nand 4', 'Find the mistake and correct it.\n\nline 3\nand 4'],
  ['/tell', 'Tell what is new.'],
  ['/toString', '/toString'],
  ['/unknown thing', '/unknown thing'],
  ['not /fix', 'not /fix'],
])('%j is shown to the model as %j and kept as it is', async (message, expanded) => {
  const session = await newSession(app)
  model.push({ text: 'Done.' })
  await ask(app, { session, message })
  expect(shown()).toBe(expanded)
  expect((await getSession(app, session)).messages[0]?.content).toBe(message)
  await expectGoesOn(app, session)
})

test('a command beside an image is expanded, too', async () => {
  const session = await newSession(app)
  const multi_content = [
    { type: 'text' as const, text: '/fix this' },
    { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
  ]
  model.push({ text: 'Done.' })
  await ask(app, { session, messages: [{ role: 'user', content: '/fix this', multi_content }] })
  expect(shown()).toMatchObject([
    { type: 'text', text: 'Find the mistake and correct it.\n\nthis' },
    { type: 'image_url' },
  ])
})

test('the commands of an agent can be read', async () => {
  const { data } = await client.GET('/api/agents/{agent}', {
    params: { path: { agent: 'assistant' } },
  })
  expect(data.config.agents.root?.commands).toEqual({
    fix: 'Find the mistake and correct it.',
    tell: { description: 'Says what is new', instruction: 'Tell what is new.' },
  })
})
