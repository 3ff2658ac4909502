import { HttpAgent } from '@ag-ui/client'
import { type Check, expectThat, type Target } from './suite.ts'

/** The official client, which verifies the order of every stream's events. */
export function agUiChecks({ url, agent: name, headers }: Target): Check[] {
  const threadId = `conformance-${crypto.randomUUID()}`
  const agent = new HttpAgent({ url: `${url}/ag-ui/${name}`, threadId, headers })

  async function say(content: string): Promise<void> {
    const before = agent.messages.length
    agent.addMessage({ id: crypto.randomUUID(), role: 'user', content })
    await agent.runAgent()
    const said = agent.messages.slice(before + 1)
    const answered = said.some(({ role, content: text }) => role === 'assistant' && Boolean(text))
    expectThat(answered, 'there is no answer')
  }

  return [
    { name: 'a run passes the verifier and answers', run: () => say('Hello!') },
    { name: 'the thread goes on', run: () => say('And again?') },
  ]
}
