import { createExchange, joined, typesOf } from './exchange.ts'
import { type Check, expectThat, type Target } from './suite.ts'

/** The documented curl requests of cagent, in the order of its page. */
export function cagentChecks(target: Target): Check[] {
  const { call, stream } = createExchange(target, '/compat/cagent/api')
  const { agent } = target
  let session = ''
  return [
    {
      name: 'it answers a ping',
      async run() {
        expectThat((await call('GET', '/ping')).status === 'ok', 'the status is not ok')
      },
    },
    {
      name: 'the agent is listed',
      async run() {
        const names = Object.values(await call('GET', '/agents')).map((each) => Object(each).name)
        expectThat(names.includes(agent), `${agent} is not among ${names.join(', ')}`)
      },
    },
    {
      name: 'a session is made',
      async run() {
        session = String((await call('POST', '/sessions', {})).id)
      },
    },
    {
      name: 'a run streams from stream_started to stream_stopped',
      async run() {
        const asked = [{ role: 'user', content: 'Hello!' }]
        const events = await stream('POST', `/sessions/${session}/agent/${agent}`, asked)
        const types = typesOf(events)
        expectThat(types.includes('stream_started'), 'there is no stream_started')
        expectThat(joined(events, 'agent_choice', 'content') !== '', 'there is no text')
        expectThat(types.at(-1) === 'stream_stopped', `the last event is ${types.at(-1)}`)
      },
    },
    {
      name: 'a session is renamed, shown and deleted',
      async run() {
        await call('PATCH', `/sessions/${session}/title`, { title: 'Conformance' })
        const shown = await call('GET', `/sessions/${session}`)
        expectThat(shown.title === 'Conformance', 'the title is not the new one')
        await call('DELETE', `/sessions/${session}`)
        await call('GET', `/sessions/${session}`, undefined, 404)
      },
    },
  ]
}
