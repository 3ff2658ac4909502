import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai'
import { type Check, expectThat, type Target } from './suite.ts'

/** The default transport of `useChat`. */
export function aiSdkChecks({ url, agent, headers }: Target): Check[] {
  const transport = new DefaultChatTransport<UIMessage>({ api: `${url}/ai-sdk/${agent}`, headers })
  const chatId = `conformance-${crypto.randomUUID()}`
  const messages: UIMessage[] = []

  async function say(text: string): Promise<void> {
    messages.push({ id: crypto.randomUUID(), role: 'user', parts: [{ type: 'text', text }] })
    const stream = await transport.sendMessages({
      ...{ trigger: 'submit-message', chatId, messages },
      ...{ messageId: undefined, abortSignal: undefined },
    })
    let answer: UIMessage | undefined
    const onError = (error: unknown) => {
      throw error
    }
    for await (const message of readUIMessageStream({ stream, onError, terminateOnError: true })) {
      answer = message
    }
    const answered = answer?.parts.some((part) => part.type === 'text' && part.text !== '')
    expectThat(answer !== undefined && answered === true, 'there is no answer')
    messages.push(answer)
  }

  return [
    { name: 'a message streams its answer', run: () => say('Hello!') },
    { name: 'the chat goes on', run: () => say('And again?') },
    {
      name: 'a chat that is idle has nothing to resume',
      async run() {
        expectThat((await transport.reconnectToStream({ chatId })) === null, 'there is a stream')
      },
    },
  ]
}
