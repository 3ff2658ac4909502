import type { Message } from '#contract/message.ts'
import { addUsage, noUsage, type Usage } from '#contract/usage.ts'
import type { ActiveRun } from './active-run.ts'
import { type Model, type ModelAnswer, ModelFailure } from './model.ts'
import { assumedWindow } from './prompt.ts'
import { toStorable } from './text.ts'
import { toUsage } from './turn.ts'

const request = `Summarise a conversation between a user and an assistant that works with tools. The assistant goes on from your summary alone, so keep all that it needs: what the user wants, in the user's words where they matter; decisions and constraints; facts, names, paths, numbers and ids; what was done, with its results; what failed; what is still to do. Leave out small talk. Write in the conversation's language. Answer with the summary only.`

/** The part of the window that the text to summarise may fill. */
const share = 0.6
/** Characters of one tool result that are worth summarising. */
const longestResult = 2000
const tries = 3

/** One model call without tools; null when there is no summary. Throws what interrupts the run. */
export async function summarize(
  run: ActiveRun,
  { model, messages }: { model: Model; messages: Message[] },
): Promise<{ text: string; usage: Usage } | null> {
  const former = run.compaction.summary?.text
  const transcript = messages.map(toText).join('\n\n')
  let room = (model.contextLimit ?? assumedWindow) * share * 4
  let usage = noUsage
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const answer = await ask(run, model, promptText({ former, transcript, room }))
    if (answer === 'failed') return null
    if (answer !== 'too_long') {
      usage = addUsage(usage, toUsage(answer, model))
      const text = toStorable(answer.content.trim())
      return text === '' ? null : { text, usage }
    }
    room = Math.min(room, transcript.length) / 2
  }
  return null
}

async function ask(
  run: ActiveRun,
  model: Model,
  content: string,
): Promise<ModelAnswer | 'too_long' | 'failed'> {
  try {
    return await model.respond(
      {
        messages: [
          { role: 'system', content: request },
          { role: 'user', content },
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

/** The newest part that fits; an earlier summary stands for what came before it. */
function promptText({
  former,
  transcript,
  room,
}: {
  former: string | undefined
  transcript: string
  room: number
}): string {
  const shown = transcript.length > room ? `[…]${transcript.slice(-Math.floor(room))}` : transcript
  const before = former === undefined ? '' : `<summary_so_far>\n${former}\n</summary_so_far>\n\n`
  return `${before}<conversation>\n${shown.toWellFormed()}\n</conversation>`
}

function toText({ role, content, tool_calls, agent_name }: Message): string {
  if (role === 'tool') return `Tool result: ${cut(content)}`
  const calls = tool_calls?.map(
    ({ function: { name, arguments: args } }) => `\n[calls ${name} ${cut(args)}]`,
  )
  const speaker = role === 'user' ? 'User' : `Assistant${agent_name ? ` ${agent_name}` : ''}`
  return `${speaker}: ${content}${calls?.join('') ?? ''}`
}

function cut(text: string): string {
  return text.length > longestResult ? `${text.slice(0, longestResult)}…` : text
}
