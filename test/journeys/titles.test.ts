import { expect, test } from 'vitest'
import { followSession } from '#client/index.ts'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, getSession, newSession } from './conversation.ts'

const app = await startApp({ lifetime: 'file', titles: true })
const { client, model } = app

test('a session is titled after its first turn, and its viewers see the title', async () => {
  const session = await newSession(app)
  const viewer = followSession(client, { session })
  model.push({ text: 'Pack warm clothes.' }, { text: '"A winter trip."' })
  await ask(app, { session, message: 'What do I need in Norway in January?' })
  for await (const event of viewer) {
    if (event.type !== 'session_title') continue
    expect(event.title).toBe('A winter trip')
    break
  }
  expect(await getSession(app, session)).toMatchObject({ title: 'A winter trip', status: 'idle' })
  await expectGoesOn(app, session)
})

test('a title that the caller gave stays', async () => {
  const session = await newSession(app, { title: 'Mine' })
  model.push({ text: 'Hello.' })
  await ask(app, { session })
  await expectGoesOn(app, session)
  expect((await getSession(app, session)).title).toBe('Mine')
})

test('a session whose title the model cannot write is called by its first words', async () => {
  const session = await newSession(app)
  const viewer = followSession(client, { session })
  const fault = { kind: 'status', status: 400, position: 'start' } as const
  model.push({ text: 'Fine.' }, { fault })
  await ask(app, { session, message: 'How   are you?' })
  for await (const event of viewer) if (event.type === 'session_title') break
  expect((await getSession(app, session)).title).toBe('How are you?')
  await expectGoesOn(app, session)
})
