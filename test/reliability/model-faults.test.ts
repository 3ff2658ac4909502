import { expect, test } from 'vitest'
import type { RuntimeEvent } from '#contract/event.ts'
import { getSession, newSession, ofType, start, unpairedCalls } from '../journeys/conversation.ts'
import { startApp } from '../support/app.ts'
import type { Fault, ScriptedAnswer } from '../support/model-server.ts'

// `hang` is left to the tests of the providers, whose limits of silence they can shorten.
const kinds = [
  'cut',
  'reset',
  'no_finish',
  'half_frame',
  'invalid_json',
  'error_frame',
  'html',
  'huge_frame',
  'endless',
  'half_arguments',
  'one_byte',
  'split_utf8',
  'duplicate_ids',
] as const
const positions = ['start', 'middle', 'end'] as const
const statuses = [400, 401, 429, 500, 503, 529]

const faults = new Map<string, Fault>()
for (const position of positions) {
  for (const kind of kinds) faults.set(`${kind} ${position}`, { kind, position })
  for (const status of statuses) {
    const headers = { 'retry-after': '0' }
    faults.set(`${status} ${position}`, { kind: 'status', status, headers, position })
  }
}
for (const byte of [1, 200, 400, 800, 1200]) {
  faults.set(`cut at ${byte}`, { kind: 'cut_at', byte })
  faults.set(`ended at ${byte}`, { kind: 'cut_at', byte, clean: true })
}

const attempts = new Map<string, number>()
const thinking = {
  name: 'think',
  arguments: { thought: 'a rather long thöught to be cut in pieces' },
}
const faulty = { text: 'One twö three fö', reasoning: 'Hm, hm.', toolCalls: [thinking] }
const whole = 'One twö three four'

/** A case says in its message which fault it gets, and whether the next try is well. */
const app = await startApp({
  lifetime: 'file',
  script({ body }): ScriptedAnswer {
    const asked = String(body.messages.findLast(({ role }) => role === 'user')?.content)
    const [mode = '', name = ''] = asked.split(': ')
    const attempt = (attempts.get(asked) ?? 0) + 1
    attempts.set(asked, attempt)
    const fault = faults.get(name)
    if (!fault || body.messages.at(-1)?.role === 'tool') return { text: whole }
    return attempt === 1 || mode === 'always' ? { ...faulty, fault } : { text: whole }
  },
})

async function runWith(mode: 'once' | 'always', name: string) {
  const session = await newSession(app)
  const run = await start(app, { session, message: `${mode}: ${name}` })
  const events = await app.events(run.id)
  await expectTold(events, session)
  return { events, session }
}

/** What a client shows is what is stored: what a failed attempt had shown is gone. */
async function expectTold(events: RuntimeEvent[], session: string): Promise<void> {
  const shown = shownText(events)
  const { messages } = await getSession(app, session)
  const stored = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content)
  expect(stored.filter((content) => content !== '')).toEqual(shown.filter((text) => text !== ''))
  for (const { step, keep_to } of ofType(events, 'step_restarted')) {
    const begun = ofType(events, 'step_started').find((event) => event.step === step)
    expect(keep_to).toBe(begun?.seq)
  }
}

/** The text of each step as a client shows it. */
function shownText(events: RuntimeEvent[]): string[] {
  const steps: string[] = []
  for (const event of events) {
    if (event.type === 'step_started') steps.push('')
    if (event.type === 'step_restarted') steps[steps.length - 1] = ''
    if (event.type === 'agent_choice') steps[steps.length - 1] += event.content
  }
  return steps
}

/** Runs everything, some at a time, and answers what went wrong by the name of the fault. */
async function collectFaults(
  names: Iterable<string>,
  check: (name: string) => Promise<void>,
): Promise<Record<string, string>> {
  const wrong: Record<string, string> = {}
  const queue = [...names].values()
  const work = async () => {
    for (const name of queue) {
      await check(name).catch((error: unknown) => {
        wrong[name] = String(error)
      })
    }
  }
  await Promise.all(Array.from({ length: 24 }, work))
  return wrong
}

test('a fault of the model is tried again, and what is told in the end is whole', async () => {
  const failed: string[] = []
  const wrong = await collectFaults(faults.keys(), async (name) => {
    const { events } = await runWith('once', name)
    const stopped = events.at(-1)
    expect(stopped?.type).toBe('stream_stopped')
    if (ofType(events, 'error').length > 0) {
      expect(stopped).toMatchObject({ reason: 'failed', completed: false })
      failed.push(name)
      return
    }
    expect(stopped).toMatchObject({ reason: 'completed', completed: true })
    expect(shownText(events).at(-1)).toBe(whole)
  })
  expect(wrong).toEqual({})
  // What another try cannot mend: a refusal, a page instead of an answer, an answer without an end.
  const hopeless = /^(400|401|endless) |^html start$/
  expect(failed.toSorted()).toEqual([...faults.keys()].filter(isHopeless).toSorted())

  function isHopeless(name: string): boolean {
    return hopeless.test(name)
  }
}, 120_000)

test('a fault that stays ends the run in an error, never in an answer', async () => {
  const harmless = ['one_byte', 'split_utf8', 'duplicate_ids']
  const names = [...faults.keys()].filter((name) => !harmless.includes(name.split(' ')[0] ?? ''))
  const wrong = await collectFaults(names, async (name) => {
    const { events } = await runWith('always', name)
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['error', 'stream_stopped'])
    expect(events.at(-1)).toMatchObject({ reason: 'failed', completed: false })
    expect(ofType(events, 'tool_call')).toEqual([])
  })
  expect(wrong).toEqual({})
}, 120_000)

test('after any fault the transcript is well formed', () => {
  const faultsOf = app.model.requests.flatMap((request) => unpairedCalls(request))
  expect(faultsOf).toEqual([])
})
