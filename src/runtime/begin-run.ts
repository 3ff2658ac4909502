import { noUsage } from '#contract/usage.ts'
import type { LoadedRun } from '#store/run-loading.ts'
import { type ActiveRun, commitRun } from './active-run.ts'
import type { LoopContext } from './context.ts'
import { chainMessages, firstEvents } from './first-events.ts'
import { leaveStep } from './turn.ts'

type Posted = { rows: Pick<LoopContext['rows'], 'posted'> }

/** Commits the first events of a run that waited behind others, with the messages it came with. */
export async function beginRun(
  { rows }: Posted,
  run: ActiveRun,
  { agent, replacedSeq, branch }: Pick<LoadedRun, 'agent' | 'replacedSeq' | 'branch'>,
): Promise<void> {
  const posted = await rows.posted(run.id)
  const messages = chainMessages(posted, run.leaf)
  const change = { id: run.sessionId, usage: noUsage, agentName: run.assistant.name, title: null }
  // A caller who asks for a model ends what the agent picked.
  const asksForModel = run.options.model !== undefined
  if (asksForModel) run.picked = null
  await commitRun(run, firstEvents(run.assistant, run.model ?? '', messages), {
    begun: [{ id: run.id, agent, replacedSeq, branch }],
    taken: posted.map(({ id }) => id),
    sessions: [asksForModel ? { ...change, picked: { model: null } } : change],
  })
}

/** Takes up what was posted to the run while it was going on. */
export async function takeSteered({ rows }: Posted, run: ActiveRun): Promise<void> {
  const posted = await rows.posted(run.id)
  if (posted.length === 0) return
  await leaveStep(run)
  const messages = chainMessages(posted, run.leaf)
  await commitRun(
    run,
    messages.map((message) => ({ type: 'user_message', message_id: message.id, message })),
    { taken: posted.map(({ id }) => id) },
  )
}
