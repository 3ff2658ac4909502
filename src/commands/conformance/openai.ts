import OpenAI from 'openai'
import { collect } from './exchange.ts'
import { type Check, expectThat, type Target } from './suite.ts'

/** The official client: chat completions, responses, conversations, errors. */
export function openAiChecks({ url, key, agent }: Target): Check[] {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key ?? 'none', maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: 'Hello!' }]
  let response = ''
  return [
    {
      name: 'the agent is a model',
      async run() {
        const names: string[] = []
        for await (const { id } of client.models.list()) names.push(id)
        expectThat(names.includes(agent), `${agent} is not among ${names.join(', ')}`)
        await client.models.retrieve(agent)
      },
    },
    {
      name: 'a completion is answered whole, with its usage',
      async run() {
        const { choices, usage } = await client.chat.completions.create({ model: agent, messages })
        expectThat(Boolean(choices[0]?.message.content), 'there is no text')
        expectThat(usage !== undefined, 'there is no usage')
      },
    },
    {
      name: 'a completion streams to its finish',
      async run() {
        const stream = client.chat.completions.stream({ model: agent, messages })
        const [choice] = (await stream.finalChatCompletion()).choices
        expectThat(Boolean(choice?.message.content), 'there is no text')
        expectThat(choice?.finish_reason === 'stop', `it finished with ${choice?.finish_reason}`)
      },
    },
    {
      name: 'a response is created and retrieved as it was',
      async run() {
        const made = await client.responses.create({ model: agent, input: 'Hello!' })
        response = made.id
        const { output_text } = await client.responses.retrieve(response)
        expectThat(made.output_text !== '' && output_text === made.output_text, 'the texts differ')
      },
    },
    {
      name: 'a response follows another, streams, and is followed again from any number',
      async run() {
        const stream = await client.responses.create({
          ...{ model: agent, input: 'And again?', previous_response_id: response },
          ...{ background: true, stream: true },
        })
        const events = await collect(stream)
        const [first] = events
        expectThat(first?.type === 'response.created', `the first event is ${first?.type}`)
        expectThat(events.at(-1)?.type === 'response.completed', 'it was not completed')
        const middle = events[Math.floor(events.length / 2)]?.sequence_number ?? 0
        const again = await client.responses.retrieve(first.response.id, {
          ...{ stream: true, starting_after: middle },
        })
        const rest = (await collect(again)).map(({ sequence_number }) => sequence_number)
        const expected = events.flatMap(({ sequence_number: number }) =>
          number > middle ? [number] : [],
        )
        expectThat(rest.join() === expected.join(), `after ${middle} came ${rest.join()}`)
      },
    },
    {
      name: 'a conversation keeps its items',
      async run() {
        const { id } = await client.conversations.create()
        await client.responses.create({ model: agent, input: 'Hello!', conversation: id })
        const { data } = await client.conversations.items.list(id)
        expectThat(data.length >= 2, `it has ${data.length} items`)
        await client.conversations.delete(id)
      },
    },
    {
      name: 'an unknown model is refused as the client knows it',
      async run() {
        const request = client.chat.completions.create({ model: 'no-such-agent', messages })
        const error: unknown = await request.then(
          () => undefined,
          (reason: unknown) => reason,
        )
        expectThat(error instanceof OpenAI.NotFoundError, `it gave ${String(error)}`)
        expectThat(error.code === 'model_not_found', `the code is ${error.code}`)
      },
    },
  ]
}
