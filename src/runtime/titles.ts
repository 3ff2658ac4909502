import { noUsage, type Usage } from '#contract/usage.ts'
import { type ActiveRun, subjectOf } from './active-run.ts'
import type { Journal } from './journal.ts'
import type { Model, PromptMessage } from './model.ts'
import { toStorable } from './text.ts'
import { toUsage } from './turn.ts'

/** Milliseconds that a title may take. */
const patience = 20_000
const longest = 80

const request =
  'Write a title for this conversation: three to six words, in its language, without quotes and without a full stop. Answer with the title only.'

/**
 * Names a session after its first whole turn, beside the run and never in its way. What a model
 * cannot title is called by its first words.
 */
export function createTitles({
  journal,
  log,
}: {
  journal: Journal
  log: { warn(message: string, fields?: object): void }
}): (run: ActiveRun) => void {
  return (run) => {
    if (run.depth > 0 || run.title !== null) return
    const question = run.history.find((message) => message.role === 'user')?.content.trim()
    if (!question) return
    run.title = question
    void writeTitle(journal, run, question).catch((error: unknown) =>
      log.warn('could not title a session', { session_id: run.sessionId, error: String(error) }),
    )
  }
}

async function writeTitle(journal: Journal, run: ActiveRun, question: string): Promise<void> {
  const { title, usage } = await proposeTitle(run, question)
  // Beside the run there is no fence: a title never contends with another owner's writes.
  const writer = journal.open({ sessionId: run.rootSessionId, token: null })
  await writer.commit({
    events: [{ subject: subjectOf(run), body: { type: 'session_title', title } }],
    sessions: [{ id: run.rootSessionId, usage, agentName: null, title }],
  })
}

async function proposeTitle(
  run: ActiveRun,
  question: string,
): Promise<{ title: string; usage: Usage }> {
  const model = run.assistant.model(run.options.model)
  if (model.offline) return { title: firstWords(question), usage: noUsage }
  try {
    const { content, usage } = await askForTitle(model, run, question)
    return { title: tidy(content) || firstWords(question), usage }
  } catch {
    return { title: firstWords(question), usage: noUsage }
  }
}

async function askForTitle(model: Model, run: ActiveRun, question: string) {
  const answer = run.history.findLast((message) => message.role === 'assistant')?.content ?? ''
  const messages: PromptMessage[] = [
    { role: 'system', content: request },
    {
      role: 'user',
      content: `User: ${question.slice(0, 2000)}\n\nAssistant: ${answer.slice(0, 2000)}`,
    },
  ]
  const signal = AbortSignal.timeout(patience)
  const title = await model.respond(
    { messages, tools: [], thinking: false, signal },
    () => undefined,
  )
  return { content: title.content, usage: toUsage(title, model) }
}

function tidy(text: string): string {
  const [line = ''] = text.trim().split('\n')
  return toStorable(line.replace(/^["'“”]+|["'“”.]+$/g, '').trim()).slice(0, longest)
}

function firstWords(text: string): string {
  const line = toStorable(text.replace(/\s+/g, ' ').trim())
  if (line.length <= longest) return line
  return `${line.slice(0, longest).replace(/\s+\S*$/, '')}…`
}
