import { createExchange } from './exchange.ts'
import { type Check, expectThat, type Target } from './suite.ts'

/** The documented requests of pawan-api. */
export function pawanChecks(target: Target): Check[] {
  const { call, stream, answers } = createExchange(target, '/compat/pawan')
  const session_id = `conformance-${crypto.randomUUID()}`
  return [
    {
      name: 'it tells its health and its models',
      async run() {
        expectThat((await call('GET', '/health')).status === 'ok', 'the status is not ok')
        expectThat(Array.isArray((await call('GET', '/models')).models), 'there are no models')
      },
    },
    {
      name: 'a chat is answered whole, and echoes its session',
      async run() {
        const answer = await call('POST', '/chat', { session_id, message: 'Hello!' })
        expectThat(answer.session_id === session_id, `the session is ${answer.session_id}`)
        expectThat(Boolean(answer.content), 'there is no text')
      },
    },
    {
      name: 'a stream names its events: token …, one done',
      async run() {
        const body = { session_id, message: 'Explain how the agent loop works' }
        const events = await stream('POST', '/chat/stream', body)
        const names = events.map(({ event }) => event)
        expectThat(names.includes('token'), 'there is no token')
        expectThat(names.at(-1) === 'done', `the last event is ${names.at(-1)}`)
      },
    },
    {
      name: 'a session is listed and deleted',
      async run() {
        const ids = Object.values(await call('GET', '/sessions')).map((each) => Object(each).id)
        expectThat(ids.includes(session_id), 'the session is not listed')
        await answers('DELETE', `/sessions/${session_id}`, 204)
        await answers('GET', `/sessions/${session_id}`, 404)
      },
    },
  ]
}
