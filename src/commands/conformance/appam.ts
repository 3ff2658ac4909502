import { createExchange, joined, typesOf } from './exchange.ts'
import { type Check, expectThat, type Target } from './suite.ts'

/** The documented requests of Appam. */
export function appamChecks(target: Target): Check[] {
  const { call, stream, answers } = createExchange(target, '/compat/appam/api')
  const { agent } = target
  let session = ''

  async function chat(path: string, message: string) {
    const events = await stream('POST', path, { message })
    const types = typesOf(events)
    expectThat(types[0] === 'session_started', `the first event is ${types[0]}`)
    expectThat(joined(events, 'content', 'content') !== '', 'there is no text')
    expectThat(types.slice(-2).join() === 'turn_completed,done', `it ends with ${types.slice(-2)}`)
    return String(events[0]?.data.session_id)
  }

  return [
    {
      name: 'the agent is listed',
      async run() {
        const names = Object.values(await call('GET', '/agents')).map((each) => Object(each).name)
        expectThat(names.includes(agent), `${agent} is not among ${names.join(', ')}`)
      },
    },
    {
      name: 'a chat streams from session_started to one done',
      async run() {
        session = await chat(`/agents/${agent}/chat`, 'What is the capital of France?')
      },
    },
    {
      name: 'the session goes on by its id',
      async run() {
        const again = await chat(`/sessions/${session}/chat`, 'And of Italy?')
        expectThat(again === session, `it went on in ${again}`)
      },
    },
    {
      name: 'a session is shown and deleted',
      async run() {
        const { messages } = await call('GET', `/sessions/${session}`)
        expectThat(Array.isArray(messages) && messages.length >= 4, 'messages are missing')
        await call('DELETE', `/sessions/${session}`)
        await answers('GET', `/sessions/${session}`, 404)
      },
    },
  ]
}
