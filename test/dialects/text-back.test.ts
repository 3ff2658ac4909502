import { expect, test } from 'vitest'
import type { EventBody } from '#contract/event.ts'
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
const anew: EventBody = { type: 'step_restarted', step: 1, keep_to: 2, reason: 'recovered' }

test.each([
  ['pawan', createPawanView],
  ['ra', createRaView],
])('%s ends with an error when a step that showed text begins anew elsewhere', (_name, open) => {
  const shown = show(open, [...begin, text, anew])
  expect(shown.frames.at(-1)).toContain('The server was lost; ask again')
  expect(shown.isOver).toBe(true)
})

test.each([
  ['pawan', createPawanView],
  ['ra', createRaView],
])('%s goes on when nothing of the step was shown', (_name, open) => {
  const shown = show(open, [...begin, anew, text])
  expect(shown.frames.at(-1)).toContain('Half')
  expect(shown.isOver).toBe(false)
})

function show(open: typeof createPawanView, bodies: EventBody[]) {
  const events = log(...bodies)
  const { session_id = '', run_id = '' } = events[0] ?? {}
  const view = open({ run: { id: run_id, session_id }, sessionId: 'mine' })
  const frames = events.map((event) => view.show(event)).filter((frame) => frame !== '')
  return { frames, isOver: view.isOver() }
}
