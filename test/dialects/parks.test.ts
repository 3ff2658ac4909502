import { expect, test } from 'vitest'
import { until } from '../journeys/conversation.ts'
import { type App, startApp } from '../support/app.ts'

const assistant = `
agents:
  root:
    model: scripted
    budget: { tool_calls: 1 }
    toolsets: [{ type: think }, { type: user_prompt }]
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

async function post(url: string, body: object): Promise<Told> {
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: answer.status, text: await answer.text() }
}

async function get(url: string): Promise<Told> {
  const answer = await fetch(url)
  return { status: answer.status, text: await answer.text() }
}
