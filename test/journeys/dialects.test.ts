import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { checkGrammar } from '#contract/event-grammar.ts'
import { createCagentClient } from '../dialects/cagent-client.ts'
import { type App, startApp } from '../support/app.ts'
import { expectGoesOn, getSession, start, until } from './conversation.ts'

const note = { name: 'write_file', arguments: { path: 'note.txt', content: 'Buy milk' } }

test('a session is begun, watched, approved and continued over four wires, and comes back in each', async () => {
  const app = await startApp({ flags: ['--dialect-approvals', 'wait'] })
  const { session, response, seen } = await beginInOpenAi(app)
  const run = response.replace('resp_', 'run_')
  await until(app, run, 'run_waiting')
  await app.restart()
  const rest = comeBackInOpenAi(app, response, seen)
  const watched = await watchInKawai(app, run)
  await approveInCagent(app, session)
  const whole = await all(await clientOf(app).responses.retrieve(response, { stream: true }))
  expect([...seen, ...(await rest)]).toEqual(whole)
  expect(whole.at(-1)?.type).toBe('response.completed')
  await watched.expectExact()
  await goOnInCagent(app, session)
  await goOnInAiSdk(app, session)
  await goOnNatively(app, session)
  await expectGoesOn(app, session)
})

/** In the background; the connection is cut after the first word, before it asks to write. */
async function beginInOpenAi(app: App) {
  const held = Promise.withResolvers<void>()
  app.model.push({ text: ['I ', 'shall ', 'write.'], hold: held.promise, toolCalls: [note] })
  app.model.push({ text: 'Written.' })
  const openai = clientOf(app)
  const { id: conversation } = await openai.conversations.create()
  const request = { model: 'assistant', input: 'Keep a note', conversation, background: true }
  const stream = await openai.responses.create({ ...request, stream: true })
  const seen = await all(stream, ({ type }) => type === 'response.output_text.delta')
  held.resolve()
  const [created] = seen
  if (created?.type !== 'response.created') throw new Error('no response was created')
  return { session: conversation.replace('conv_', 'ses_'), response: created.response.id, seen }
}

/** By the number that it saw last; the run waits for an approval meanwhile. */
async function comeBackInOpenAi(app: App, response: string, seen: Numbered[]) {
  const starting_after = seen.at(-1)?.sequence_number ?? 0
  return all(await clientOf(app).responses.retrieve(response, { stream: true, starting_after }))
}

/** As EventSource comes back: with the id that it saw last. */
async function watchInKawai({ url }: App, run: string) {
  const open = (id = `${run}:0`) =>
    fetch(`${url}/compat/kawai/stream?message=x`, { headers: { 'Last-Event-ID': id } })
  const first = await framesOf(await open(), ({ data }) => JSON.parse(data).type === 'step_start')
  const rest = framesOf(await open(first.at(-1)?.id))
  return {
    async expectExact() {
      const frames = [...first, ...(await rest)]
      expect(frames).toEqual(await framesOf(await open()))
      expect(frames.map(({ data }) => JSON.parse(data).type)).toEqual([
        'run_start',
        'step_start',
        'reasoning',
        'tool_call',
        'tool_result',
        'step_start',
        'run_end',
      ])
    },
  }
}

async function approveInCagent({ url }: App, session: string) {
  const { send } = createCagentClient(`${url}/compat/cagent`)
  const resume = () => send('POST', `/sessions/${session}/resume`, { confirmation: 'approve' })
  expect(await resume()).toEqual([200, { message: 'session resumed' }])
  // Its first answer was lost on the way: asking again decides nothing twice.
  expect((await resume())[0]).toBe(409)
}

/** The ids of its frames are places in the log, which it reads again from there. */
async function goOnInCagent(app: App, session: string) {
  app.model.push({ text: ['Milk', ' it', ' is.'] })
  const { open } = createCagentClient(`${app.url}/compat/cagent`)
  const asked = [{ role: 'user', content: 'What did I note?' }]
  const frames = await framesOf(await open(`${session}/agent/assistant`, asked))
  const places = frames.flatMap(({ id }) => (id === undefined ? [] : [Number(id)]))
  const cut = places[2] ?? 0
  const headers = { Accept: 'application/json', 'Last-Event-ID': `${cut}` }
  const answer = await fetch(`${app.url}/api/sessions/${session}/events`, { headers })
  const again = (await answer.json()).data.map(({ seq }: { seq: number }) => seq)
  expect(places.filter((place) => place > cut && !again.includes(place))).toEqual([])
  expect(again).toEqual(Array.from(again, (_, index) => cut + 1 + index))
  expect(again.at(-1)).toBe((await getSession(app, session)).last_seq)
}

/** The stream of a chat that is opened again is told from its beginning: the message grows once. */
async function goOnInAiSdk(app: App, session: string) {
  const held = Promise.withResolvers<void>()
  app.model.push({ text: ['And ', 'eggs?'], hold: held.promise })
  const api = `${app.url}/ai-sdk/assistant`
  const transport = new DefaultChatTransport({ api, body: { resumable: true } })
  const history: UIMessage[] = await (await fetch(`${api}/${session}/messages`)).json()
  expect(history.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant'])
  const asked: UIMessage = {
    ...{ id: 'asked', role: 'user' },
    parts: [{ type: 'text', text: 'What else?' }],
  }
  const stream = await transport.sendMessages({
    ...{ chatId: session, messages: [...history, asked], trigger: 'submit-message' },
    ...{ messageId: undefined, abortSignal: undefined },
  })
  const seen = await all(stream, ({ type }) => type === 'text-delta')
  const resumed = await transport.reconnectToStream({ chatId: session })
  held.resolve()
  if (!resumed) throw new Error('there is nothing to resume')
  const [chunks, copy] = resumed.tee()
  const [again, messages] = await Promise.all([
    all(chunks),
    all(readUIMessageStream({ stream: copy })),
  ])
  expect(again.slice(0, seen.length)).toEqual(seen)
  const texts = messages.at(-1)?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  expect(texts).toEqual(['And eggs?'])
}

/** The log as one: what three other wires wrote, and one more run that is cut off in mid-word. */
async function goOnNatively(app: App, session: string) {
  const held = Promise.withResolvers<void>()
  app.model.push({ text: ['That is', ' all.'], hold: held.promise })
  const { last_seq: before } = await getSession(app, session)
  const run = await start(app, { session, message: 'Is that all?' })
  const follow = (after: string) =>
    fetch(`${app.url}/api/runs/${run.id}/events`, { headers: { 'Last-Event-ID': after } })
  const first = await framesOf(await follow(`${before}`), ({ data }) => data.includes('That is'))
  held.resolve()
  const rest = await framesOf(await follow(first.at(-1)?.id ?? ''))
  const { last_seq } = await getSession(app, session)
  const log = await fetch(`${app.url}/api/sessions/${session}/events?after=0`)
  const frames = await framesOf(log, ({ id }) => Number(id) === last_seq)
  expect(frames.map(({ id }) => Number(id))).toEqual(Array.from(frames, (_, index) => index + 1))
  expect([...first, ...rest]).toEqual(frames.slice(before))
  const events = frames.map(({ data }) => JSON.parse(data))
  expect(checkGrammar(events, { complete: true })).toEqual([])
}

function clientOf({ url }: App): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
}

type Numbered = OpenAI.Responses.ResponseStreamEvent

/** To the end, or up to the first that matches: then the connection is cut. */
async function all<Item>(
  items: AsyncIterable<Item>,
  isLast: (item: Item) => boolean = () => false,
): Promise<Item[]> {
  const taken: Item[] = []
  for await (const item of items) {
    taken.push(item)
    if (isLast(item)) break
  }
  return taken
}

function framesOf(response: Response, isLast?: (frame: EventSourceMessage) => boolean) {
  return all(readFrames(response), isLast)
}

async function* readFrames({ body }: Response): AsyncGenerator<EventSourceMessage> {
  const frames: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (frame) => frames.push(frame) })
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    parser.feed(text)
    yield* frames.splice(0)
  }
}
