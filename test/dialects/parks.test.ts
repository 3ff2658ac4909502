import { expect, test } from 'vitest'
import { until } from '../journeys/conversation.ts'
import { type App, startApp } from '../support/app.ts'

const assistant = `
agents:
  root:
    model: scripted
    budget: { tool_calls: 1 }
    toolsets: [{ type: think }, { type: user_prompt }, { type: filesystem, path: ./files }]
`
const agents = { assistant }
const think = { toolCalls: [{ name: 'think', arguments: { thought: 'hm' } }] }
const question = { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Which file?' } }] }

type Told = { status: number; text: string }
type Door = {
  name: string
  /** Asks in a session of this id, or a new one, as a stream and whole. */
  stream(url: string, session: string): Promise<Told>
  whole?(url: string, session: string): Promise<Told>
}

const message = 'Go on'
const doors: Door[] = [
  {
    name: 'appam',
    stream: (url) => post(`${url}/compat/appam/api/agents/assistant/chat`, { message }),
  },
  {
    name: 'kawai',
    stream: (url, session) => get(`${url}/compat/kawai/stream?message=Go&session_id=${session}`),
    whole: (url, session_id) => post(`${url}/compat/kawai/chat`, { message, session_id }),
  },
  {
    name: 'pawan',
    stream: (url, session_id) => post(`${url}/compat/pawan/chat/stream`, { message, session_id }),
    whole: (url, session_id) => post(`${url}/compat/pawan/chat`, { message, session_id }),
  },
]
const ra: Door = {
  name: 'ra',
  stream: (url, sessionId) => post(`${url}/compat/ra/chat`, { messages: said, sessionId }),
  whole: (url, sessionId) => post(`${url}/compat/ra/chat/sync`, { messages: said, sessionId }),
}
const openai: Door = {
  name: 'openai',
  stream: (url) => post(`${url}/v1/chat/completions`, { messages: said, stream: true }),
  whole: (url) => post(`${url}/v1/chat/completions`, { messages: said }),
}
const said = [{ role: 'user', content: message }]

const shared = await startApp({ lifetime: 'file', agents })

test.each(doors)(
  'over $name a question nobody can answer is declined, and the run goes on',
  async ({ stream, whole = stream }) => {
    const { url, model } = shared
    for (const ask of [stream, whole]) {
      model.push(question, { text: 'On my own.' })
      const { status, text } = await ask(url, `asked-${doors.length}`)
      expect(status).toBe(200)
      expect(text).toContain('On my own.')
      const told = model.requests.at(-1)?.body.messages.at(-1)
      expect(told?.content).toBe(JSON.stringify({ action: 'decline', content: null }))
    }
  },
)

test.each([...doors, ra])(
  'over $name a call that must be approved is denied with a result that says so',
  async ({ name, stream, whole = stream }) => {
    const { url, model } = shared
    const write = { name: 'write_file', arguments: { path: 'a.txt', content: 'x' } }
    for (const ask of [stream, whole]) {
      model.push({ toolCalls: [write] }, { text: 'I may not.' })
      expect((await ask(url, `denied-${name}`)).text).toContain('I may not.')
      const told = model.requests.at(-1)?.body.messages.at(-1)
      expect(told?.content).toContain('needs an approval')
    }
  },
)

test.each([...doors, ra])('who goes away from $name leaves the run as it is', async ({ name }) => {
  const { url, model, client, events } = shared
  const held = Promise.withResolvers<void>()
  model.push({ text: 'Nobody hears this.', hold: held.promise, holdAfter: 0 })
  const gone = new AbortController()
  const asked = leave(url, name, gone.signal)
  await model.received(model.requests.length + 1)
  const { data: page } = await client.GET('/api/sessions', { params: { query: { limit: 1 } } })
  const run = page.data[0]?.active_run_id ?? ''
  gone.abort()
  await expect(asked).rejects.toThrow()
  held.resolve()
  expect((await events(run)).at(-1)).toMatchObject({ reason: 'completed', completed: true })
})

/** How each ends at a budget, which none of them knows. */
const budgetEnds: Record<string, { stream: RegExp; whole?: [number, object] }> = {
  appam: { stream: /"type":"error","message":"The budget.*\n\ndata: \{"type":"done"\}\n\n$/ },
  kawai: {
    stream: /"type":"warning".*The budget .*\n\nid: .*\ndata: \{"type":"run_end".*null.*\n\n$/,
    whole: [200, { answer: null, completed: false }],
  },
  pawan: {
    stream: /event: error\ndata: \{"message":"Agent error: The budget .*\n\n$/,
    whole: [500, { error: expect.stringContaining('The budget') }],
  },
  ra: { stream: /data: \{"type":"done".*\n\n$/, whole: [200, { response: '' }] },
  openai: {
    stream: /"finish_reason":"length".*\n\ndata: \[DONE\]\n\n$/,
    whole: [200, { choices: [expect.objectContaining({ finish_reason: 'length' })] }],
  },
}

test.each([...doors, ra, openai])(
  'over $name a run ends at its budget, and the session goes on',
  async ({ name, stream, whole }) => {
    const { url, model } = shared
    const session = `spent-${name}`
    model.push(think, think)
    expect((await stream(url, session)).text).toMatch(budgetEnds[name]?.stream ?? /^never$/)
    if (whole) {
      model.push(think, think)
      const { status, text } = await whole(url, session)
      expect([status, JSON.parse(text)]).toMatchObject(budgetEnds[name]?.whole ?? [])
    }
    model.push({ text: 'Again.' })
    expect((await stream(url, session)).text).toContain('Again.')
  },
)

test('with --dialect-approvals wait a question is answered over another door while they wait', async () => {
  const app = await startApp({ agents, flags: ['--dialect-approvals', 'wait'] })
  for (const { name, stream, whole } of doors) {
    for (const ask of [stream, whole]) {
      if (!ask) continue
      app.model.push(question, { text: 'Then a.txt.' })
      const told = ask(app.url, `waits-${name}`)
      await app.model.received(app.model.requests.length + 1)
      await answerNewest(app)
      expect(await told).toMatchObject({ status: 200, text: expect.stringContaining('a.txt.') })
    }
  }
})

/** The question of the session that was active last. */
async function answerNewest(app: App): Promise<void> {
  const { data: newest } = await app.client.GET('/api/sessions', {
    params: { query: { limit: 1 } },
  })
  const [session] = newest.data
  await until(app, session?.active_run_id ?? '', 'run_waiting')
  await app.client.POST('/api/sessions/{session}/elicitation', {
    params: { path: { session: session?.id ?? '' } },
    body: { action: 'accept', content: { answer: 'a.txt' } },
  })
}

/** Reads a stream until it goes away. */
async function leave(url: string, name: string, signal: AbortSignal): Promise<string> {
  const headers = { 'Content-Type': 'application/json' }
  const post = (body: object) => ({ method: 'POST', headers, body: JSON.stringify(body), signal })
  const requests: Record<string, () => Promise<Response>> = {
    appam: () => fetch(`${url}/compat/appam/api/agents/assistant/chat`, post({ message })),
    kawai: () => fetch(`${url}/compat/kawai/stream?message=Go`, { signal }),
    pawan: () => fetch(`${url}/compat/pawan/chat/stream`, post({ message })),
    ra: () => fetch(`${url}/compat/ra/chat`, post({ messages: said })),
  }
  const answer = await requests[name]?.()
  return answer?.text() ?? ''
}

async function post(url: string, body: object): Promise<Told> {
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: answer.status, text: await answer.text() }
}

async function get(url: string): Promise<Told> {
  const answer = await fetch(url)
  return { status: answer.status, text: await answer.text() }
}
