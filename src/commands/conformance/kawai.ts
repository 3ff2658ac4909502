import { createExchange, typesOf } from './exchange.ts'
import { type Check, expectThat, type Target } from './suite.ts'

/** The documented requests of kawai, and what EventSource does when its connection breaks. */
export function kawaiChecks(target: Target): Check[] {
  const { call, stream, send } = createExchange(target, '/compat/kawai')
  const session_id = `conformance-${crypto.randomUUID()}`
  const question = 'What is the capital of France?'
  let last = ''
  return [
    {
      name: 'it tells its health',
      async run() {
        const { status } = await call('GET', '/health')
        expectThat(status === 'healthy', `the status is ${status}`)
      },
    },
    {
      name: 'a message is answered whole',
      async run() {
        const answer = await call('POST', '/chat', { message: question, session_id })
        expectThat(Boolean(answer.answer), 'there is no answer')
        expectThat(answer.session_id === session_id, `the session is ${answer.session_id}`)
      },
    },
    {
      name: 'a stream tells each step, from run_start to run_end',
      async run() {
        const query = new URLSearchParams({ message: question, session_id })
        const events = await stream('GET', `/stream?${query}`)
        const types = typesOf(events)
        expectThat(types[0] === 'run_start', `the first event is ${types[0]}`)
        expectThat(types.at(-1) === 'run_end', `the last event is ${types.at(-1)}`)
        last = events.at(-1)?.id ?? ''
      },
    },
    {
      name: 'EventSource comes back to its run, which is over',
      async run() {
        const back = { 'Last-Event-ID': last }
        const response = await send('GET', `/stream?message=${question}`, undefined, back)
        await response.body?.cancel()
        expectThat(response.status === 204, `it was answered ${response.status}`)
      },
    },
    {
      name: 'a session is shown and deleted',
      async run() {
        const { message_count } = await call('GET', `/sessions/${session_id}`)
        expectThat(Number(message_count) >= 4, `it has ${message_count} messages`)
        await call('DELETE', `/sessions/${session_id}`)
        await call('GET', `/sessions/${session_id}`, undefined, 404)
      },
    },
  ]
}
