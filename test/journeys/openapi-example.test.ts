import { readFile } from 'node:fs/promises'
import { serve } from '@hono/node-server'
import { expect, onTestFinished, test } from 'vitest'
import { createLibrary } from '../../examples/openapi/service.ts'
import { startApp } from '../support/app.ts'
import { ask, newSession, ofType, resume } from './conversation.ts'

test('the agent of the example lends a book once that is approved', async () => {
  const port = await startLibrary()
  const text = await readFile(
    new URL('../../examples/openapi/library.yaml', import.meta.url),
    'utf8',
  )
  const library = text
    .replaceAll('127.0.0.1:8090', `127.0.0.1:${port}`)
    .replace('    description: Lends', '    model: scripted\n    description: Lends')
  const flags = ['--allow-host', `127.0.0.1:${port}`]
  const app = await startApp({ agents: { library }, flags })
  const session = await newSession(app)
  app.model.push({ toolCalls: [{ name: 'listBooks', arguments: { q: 'momo', free: 'true' } }] })
  app.model.push({ toolCalls: [{ name: 'lendBook', arguments: { id: 1, body: { name: 'Kim' } } }] })
  const { run } = await ask(app, { session, agent: 'library', message: 'Momo, please' })
  expect(run.waiting_for?.kind).toBe('approval')
  app.model.push({ text: 'Here you are' })
  await resume(app, session, { confirmation: 'approve' })
  const results = ofType(await app.events(run.id), 'tool_call_response')
  expect(results.map(({ result }) => result.structured)).toEqual([
    [{ id: 1, title: 'Momo', author: 'Michael Ende', lent_to: null }],
    { id: 1, title: 'Momo', author: 'Michael Ende', lent_to: 'Kim' },
  ])
})

async function startLibrary(): Promise<number> {
  return await new Promise((resolve) => {
    const options = { fetch: createLibrary().fetch, hostname: '127.0.0.1', port: 0 }
    const server = serve(options, ({ port }) => resolve(port))
    onTestFinished(() => void server.close())
  })
}
