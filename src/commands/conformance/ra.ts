import { createExchange, joined } from './exchange.ts'
import { type Check, expectThat, type Target } from './suite.ts'

/** The documented requests of ra. */
export function raChecks(target: Target): Check[] {
  const { call, stream } = createExchange(target, '/compat/ra')
  const messages = [{ role: 'user', content: 'Hello' }]
  let sessionId = ''
  return [
    {
      name: 'a chat streams text and one done with its usage',
      async run() {
        const events = await stream('POST', '/chat', { messages })
        expectThat(joined(events, 'text', 'delta') !== '', 'there is no text')
        const done = events.at(-1)?.data
        expectThat(done?.type === 'done', `the last event is ${done?.type}`)
        expectThat(Object(done.usage).inputTokens !== undefined, 'done has no usage')
        sessionId = String(done.sessionId)
      },
    },
    {
      name: 'a session goes on, answered whole',
      async run() {
        const answer = await call('POST', '/chat/sync', { messages, sessionId })
        expectThat(answer.sessionId === sessionId, `the session is ${answer.sessionId}`)
        expectThat(Boolean(answer.response), 'there is no text')
      },
    },
    {
      name: 'the session is listed',
      async run() {
        const { sessions } = await call('GET', '/sessions')
        const ids = Object.values(Object(sessions)).map((each) => Object(each).id)
        expectThat(ids.includes(sessionId), 'the session is not listed')
      },
    },
    {
      name: 'any other route is not there',
      async run() {
        const { error } = await call('GET', '/nothing', undefined, 404)
        expectThat(error === 'Not Found', `the error is ${JSON.stringify(error)}`)
      },
    },
  ]
}
