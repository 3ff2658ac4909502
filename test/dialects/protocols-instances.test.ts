import { afterAll, describe, expect, test } from 'vitest'
import { testServer } from '../support/database.ts'
import { startInstances } from '../support/instances.ts'
import { collect, connectA2a, gather, nameOf, sendFor } from './a2a-client.ts'
import { callAgent, connectMcp } from './mcp-client.ts'

const agent = `
agents:
  root:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }]
`

describe.skipIf(testServer() === undefined)(
  'behind a balancer that sends each request elsewhere',
  async () => {
    if (testServer() === undefined) return test('needs test/support/with-postgres.sh')
    const { all, plan, model, close } = await startInstances({ names: ['a', 'b'], agent })
    afterAll(close)
    const writing = { name: 'write_file', arguments: { path: 'note.txt', content: 'x' } }
    let turn = 0
    const balanced: typeof fetch = (input, init) => {
      turn += 1
      const { pathname, search } = new URL(input instanceof Request ? input.url : input)
      return fetch((turn % 2 === 0 ? all.a.url : all.b.url) + pathname + search, init)
    }

    test('an MCP client asks its user, and the answer reaches the run', async () => {
      plan('write', [{ toolCalls: [writing] }, { text: 'Written' }])
      const client = await connectMcp(all.a.url, {
        fetch: balanced,
        answer: () => ({ action: 'accept', content: { decision: 'approve' } }),
      })
      for (const message of ['write', 'write']) {
        const { structuredContent } = await callAgent(client, 'assistant', { message })
        expect(structuredContent.text).toBe('Written')
      }
    })

    test('an MCP client cancels a run that another instance works at', async () => {
      plan('tell', [{ text: ['Once', ' upon'], hold: true, holdAfter: 1 }])
      const client = await connectMcp(all.a.url, { fetch: balanced })
      const seen = model.requests.length
      const stop = new AbortController()
      const call = callAgent(client, 'assistant', { message: 'tell' }, { signal: stop.signal })
      const { ended } = await model.received(seen + 1)
      stop.abort('Enough')
      await expect(call).rejects.toThrow('Enough')
      expect(await ended).toBe('aborted')
    })

    test('a task that waits at one instance is followed at another and answered where it began', async () => {
      plan('change', [{ toolCalls: [writing] }, { text: 'Changed' }])
      const [one, other] = await Promise.all([connectA2a(all.a.url), connectA2a(all.b.url)])
      const { id } = await sendFor(one, { text: 'change' })
      const stream = other.resubscribeTask({ tenant: '', id })
      const begun = await stream.next()
      if (begun.done) throw new Error('the stream is empty')
      expect(nameOf(await sendFor(one, { text: 'approve', taskId: id }))).toBe('COMPLETED')
      const { artifact, states } = gather([begun.value, ...(await collect(stream))])
      expect([artifact, states.at(-1)]).toEqual(['Changed', 'COMPLETED'])
    })
  },
)
