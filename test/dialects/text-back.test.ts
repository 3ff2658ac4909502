import { expect, test } from 'vitest'
import type { EventBody } from '#contract/event.ts'
import { createAppamView } from '#http/dialects/appam-view.ts'
import { createCagentView } from '#http/dialects/cagent-view.ts'
import type { EventView } from '#http/dialects/dialect.ts'
import { createKawaiView } from '#http/dialects/kawai-view.ts'
import { createPawanView } from '#http/dialects/pawan-view.ts'
import { createRaView } from '#http/dialects/ra-view.ts'
import { log } from '../support/event-log.ts'

const begin: EventBody[] = [
  {
    type: 'stream_started',
    agent_info: { model: 'scripted/scripted', description: '', version: '1' },
  },
  { type: 'step_started', step: 1 },
]
const text: EventBody = { type: 'agent_choice', content: 'Half', part: 0, offset: 0 }
const thought: EventBody = { ...text, type: 'agent_choice_reasoning' }
const anew: EventBody = { type: 'step_restarted', step: 1, keep_to: 2, reason: 'recovered' }

const run = { id: 'run_1', session_id: 'ses_1' }
const views: [string, () => EventView, RegExp][] = [
  ['appam', () => createAppamView({ run, sessionId: 'mine' }), /"error".*\n\ndata: .*"done"/],
  ['cagent', openCagent, /"error".*\n\n.*\n?data: .*"stream_stopped"/],
  ['pawan', () => createPawanView({ run, sessionId: 'mine' }), /^event: error\n/],
  ['ra', () => createRaView({ run, sessionId: 'mine' }), /"type":"error"/],
]

test.each(views)(
  '%s ends with its own error when a step that showed text begins anew elsewhere',
  (_name, open, form) => {
    const shown = show(open(), [...begin, text, anew])
    expect(shown.frames.at(-1)).toContain('The server was lost; ask again')
    expect(shown.frames.at(-1)).toMatch(form)
    expect(shown.isOver).toBe(true)
  },
)

test.each(views)('%s goes on when nothing of the step was shown', (_name, open) => {
  const shown = show(open(), [...begin, anew, text])
  expect(shown.frames.at(-1)).toContain('Half')
  expect(shown.isOver).toBe(false)
})

test.each(views.filter(([name]) => name !== 'pawan'))(
  '%s takes thoughts for text, too',
  (_name, open) => {
    expect(show(open(), [...begin, thought, anew]).isOver).toBe(true)
  },
)

test('kawai tells a step once, however often it begins', () => {
  const view = createKawaiView({ run, sessionId: 'mine', structured: false })
  const { frames, isOver } = show(view, [...begin, text, anew, text])
  expect(frames.filter((frame) => frame.includes('step_start'))).toHaveLength(1)
  expect(isOver).toBe(false)
})

function openCagent(): EventView {
  return createCagentView({
    run,
    session: { tools_approved: false, thinking: true, working_dir: null },
    team: [],
    tools: { agent: 'root', definitions: [] },
  })
}

function show(view: EventView, bodies: EventBody[]) {
  const frames = log(...bodies)
    .map((event) => view.show(event))
    .filter((frame) => frame !== '')
  return { frames, isOver: view.isOver() }
}
