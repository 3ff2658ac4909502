import type { Message } from '#contract/message.ts'
import type { Usage } from '#contract/usage.ts'
import type { ActiveRun } from './active-run.ts'
import type { Model } from './model.ts'
import { askBeside } from './side-call.ts'
import { lastPart, toTranscript } from './transcript.ts'

const request = `Summarise a conversation between a user and an assistant that works with tools. The assistant goes on from your summary alone, so keep all that it needs: what the user wants, in the user's words where they matter; decisions and constraints; facts, names, paths, numbers and ids; what was done, with its results; what failed; what is still to do. Leave out small talk. Write in the conversation's language. Answer with the summary only.`

/** null when there is no summary. The one before it is part of what is summarised. */
export function summarize(
  run: ActiveRun,
  { model, messages }: { model: Model; messages: Message[] },
): Promise<{ text: string; usage: Usage } | null> {
  const former = run.compaction.summary?.text
  const before = former === undefined ? '' : `<summary_so_far>\n${former}\n</summary_so_far>\n\n`
  const transcript = toTranscript(messages)
  return askBeside(run, model, {
    system: request,
    content: (room) => `${before}<conversation>\n${lastPart(transcript, room)}\n</conversation>`,
  })
}
