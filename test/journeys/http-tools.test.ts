import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { type Answer, type Received, recordingService } from '../tools/recording-service.ts'
import { searchServices } from '../tools/search-services.ts'
import { ask, expectGoesOn, newSession, ofType, resume, toldResults } from './conversation.ts'

const flags = ['--allow-host', '127.0.0.1']

/** An agent with these toolsets. */
function agentWith(...toolsets: object[]): string {
  const entries = toolsets.map((toolset) => `      - ${JSON.stringify(toolset)}`).join('\n')
  return `agents:\n  root:\n    model: scripted\n    toolsets:\n${entries}\n`
}

async function service(answer?: (received: Received) => Answer) {
  const { port, received } = await recordingService(answer)
  return { received, base: `http://127.0.0.1:${port}` }
}

test('a GET runs at once, a POST waits for an approval and then shows what it sent', async () => {
  const { base, received } = await service()
  const shop = { type: 'api', args: { id: { type: 'string' } }, endpoint: `${base}/pets/{id}` }
  const agents = {
    assistant: agentWith({ ...shop, name: 'get_pet' }, { ...shop, name: 'feed', method: 'POST' }),
  }
  const app = await startApp({ agents, flags })
  const session = await newSession(app)
  app.model.push({ toolCalls: [{ name: 'get_pet', arguments: { id: '7' } }] })
  app.model.push({ toolCalls: [{ name: 'feed', arguments: { id: '7' } }] })
  const { run } = await ask(app, { session, message: 'Feed pet 7' })
  expect(run.waiting_for?.kind).toBe('approval')
  expect(received.map(({ method }) => method)).toEqual(['GET'])
  app.model.push({ text: 'Fed' })
  await resume(app, session, { confirmation: 'approve' })
  const log = await app.events(run.id)
  const [first] = ofType(log, 'tool_call_response')
  expect(first?.result).toEqual({
    output: '{"done":true}',
    is_error: false,
    structured: { done: true },
  })
  expect(received).toMatchObject([
    { method: 'GET', url: '/pets/7' },
    { method: 'POST', url: '/pets/7' },
  ])
  await expectGoesOn(app, session)
})

test('the operations of a running server are tools of an agent of another', async () => {
  const served = await startApp()
  const toolset = {
    type: 'openapi',
    url: `${served.url}/openapi.json`,
    filter: { operations: ['listAgents', 'createSession', 'getSession', 'runAgent'] },
  }
  const app = await startApp({ agents: { assistant: agentWith(toolset) }, flags })
  const session = await newSession(app, { tools_approved: true })
  app.model.push({ toolCalls: [{ name: 'listAgents', arguments: {} }] })
  app.model.push({
    toolCalls: [
      { name: 'createSession', arguments: { body: { title: 'From afar', external_id: 'afar' } } },
    ],
  })
  app.model.push({ toolCalls: [{ name: 'getSession', arguments: { session: 'afar' } }] })
  app.model.push({ toolCalls: [{ name: 'getSession', arguments: { session: '../agents' } }] })
  app.model.push({ toolCalls: [{ name: 'createSession', arguments: { body: { titel: 1 } } }] })
  app.model.push({ text: 'Done' })
  const { run } = await ask(app, { session })
  const results = ofType(await app.events(run.id), 'tool_call_response')
  const [agents, created, got, lost, refused] = results.map(({ result }) => result)
  expect(agents?.structured).toMatchObject([{ name: 'assistant', description: 'Helps' }])
  expect(created?.structured).toMatchObject({ title: 'From afar', external_id: 'afar' })
  expect(got?.structured).toMatchObject({ title: 'From afar' })
  expect(lost?.output).toContain('HTTP 404')
  expect(refused?.output).toContain('titel')
  const shown = app.model.requests[0]?.body.tools?.map(({ function: { name } }) => name)
  expect(shown?.sort()).toEqual(['createSession', 'getSession', 'listAgents', 'runAgent'])
})

test('an agent whose document cannot be read still answers, with a warning', async () => {
  const { base } = await service(() => ({ status: 500 }))
  const toolset = { type: 'openapi', url: `${base}/openapi.json` }
  const app = await startApp({ agents: { assistant: agentWith(toolset) }, flags })
  const session = await newSession(app)
  app.model.push({ text: 'I can still talk' })
  const { run } = await ask(app, { session })
  expect(ofType(await app.events(run.id), 'warning')).toMatchObject([
    {
      code: 'toolset_unavailable',
      message: `The openapi tools are not available: ${base}/openapi.json: it could not be read: HTTP 500`,
    },
  ])
})

test('a host that the operator did not allow is not asked, whatever the file says', async () => {
  const { base, received } = await service()
  const toolset = { type: 'api', name: 'peek', endpoint: base }
  const app = await startApp({ agents: { assistant: agentWith(toolset) } })
  const session = await newSession(app)
  app.model.push({ toolCalls: [{ name: 'peek', arguments: {} }] }, { text: 'No way' })
  await ask(app, { session })
  expect(toldResults(app)).toEqual([
    '127.0.0.1 is not on the public internet and is not fetched; the operator can allow it with --allow-host.',
  ])
  expect(received).toEqual([])
})

test('a web search runs without being asked about', async () => {
  const { base } = await service(searchServices.searxng)
  const toolset = { type: 'web_search', provider: 'searxng', url: base }
  const app = await startApp({ agents: { assistant: agentWith(toolset) }, flags })
  const session = await newSession(app)
  app.model.push({ toolCalls: [{ name: 'web_search', arguments: { query: 'parley' } }] })
  app.model.push({ text: 'Found' })
  const { output } = await ask(app, { session })
  expect(output).toBe('Found')
  expect(toldResults(app)).toEqual(['1. [Parley](<https://parley.example/>)\n   An agent server'])
})
