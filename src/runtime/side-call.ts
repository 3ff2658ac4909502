import type { Usage } from '#contract/usage.ts'
import type { ActiveRun } from './active-run.ts'
import { type Model, type ModelAnswer, ModelFailure } from './model.ts'
import { assumedWindow } from './prompt.ts'
import { toStorable } from './text.ts'
import { toUsage } from './turn.ts'

/** The part of the window that the text of a side call may fill. */
const share = 0.6
const tries = 3

/**
 * One question to a model beside the conversation, without tools. `content` makes its text for so
 * many characters of room; it is asked for less when it was too long. null: there is no answer.
 * Throws what interrupts the run.
 */
export async function askBeside(
  run: ActiveRun,
  model: Model,
  { system, content }: { system: string; content(room: number): string },
): Promise<{ text: string; usage: Usage } | null> {
  let room = (model.contextLimit ?? assumedWindow) * share * 4
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const question = content(room)
    const answer = await ask(run, model, { system, question })
    if (answer === 'failed') return null
    if (answer !== 'too_long') {
      const text = toStorable(answer.content.trim())
      return text === '' ? null : { text, usage: toUsage(answer, model) }
    }
    room = Math.min(room, question.length) / 2
  }
  return null
}

async function ask(
  run: ActiveRun,
  model: Model,
  { system, question }: { system: string; question: string },
): Promise<ModelAnswer | 'too_long' | 'failed'> {
  try {
    return await model.respond(
      {
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: question },
        ],
        tools: [],
        thinking: false,
        signal: run.signal,
      },
      () => undefined,
    )
  } catch (error) {
    if (run.signal.aborted) throw run.signal.reason
    if (!(error instanceof ModelFailure)) throw error
    return error.code === 'context_exceeded' ? 'too_long' : 'failed'
  }
}
