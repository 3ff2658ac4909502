import { expect, test } from 'vitest'
import { type App, startApp } from '../support/app.ts'
import { ask, expectGoesOn, newSession, toldResults } from './conversation.ts'

const librarian = `
agents:
  root:
    model: scripted
    toolsets:
      - { type: think }
      - { type: todo, defer: true }
      - { type: filesystem, path: ./files, defer: [write_file, directory_tree], tools: [read_file, write_file, directory_tree] }
`

/** The names of the tools that the model was shown, request by request. */
function shown({ model }: App): string[][] {
  return model.requests.map(({ body }) => (body.tools ?? []).map(({ function: { name } }) => name))
}

test('deferred tools are shown once a search has found them, and stay over a restart', async () => {
  const app = await startApp({ agents: { librarian } })
  const session = await newSession(app)
  app.model.push(
    { toolCalls: [{ name: 'search_tools', arguments: { query: 'todo list' } }] },
    { toolCalls: [{ name: 'create_todo', arguments: { description: 'Read' } }] },
    { text: 'Noted' },
  )
  await ask(app, { session, agent: 'librarian' })
  const [before = [], after = [], last] = shown(app)
  expect(before).toEqual(['think', 'read_file', 'search_tools'])
  expect(after).toEqual(expect.arrayContaining([...before, 'create_todo', 'list_todos']))
  expect(after).not.toContain('write_file')
  expect(last).toEqual(after)
  expect(toldResults(app)[0]).toMatch(/^You can call these tools now:\n- \w+_todos?: /)
  await app.restart()
  await expectGoesOn(app, session, { agent: 'librarian' })
  expect(shown(app).at(-1)).toEqual(after)
})

test('a search without a find names what there is; a hidden tool cannot be called', async () => {
  const app = await startApp({ agents: { librarian } })
  const session = await newSession(app)
  app.model.push(
    { toolCalls: [{ name: 'search_tools', arguments: { query: 'weather' } }] },
    { toolCalls: [{ name: 'list_todos', arguments: {} }] },
    { text: 'No' },
  )
  await ask(app, { session, agent: 'librarian' })
  const [none, hidden] = toldResults(app)
  expect(none).toMatch(/^No tool fits\. There are create_todo, .*write_file/)
  expect(hidden).toContain('There is no tool list_todos')
})
