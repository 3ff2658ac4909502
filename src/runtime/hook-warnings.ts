import type { EventBody } from '#contract/event.ts'
import type { ActiveRun } from './active-run.ts'
import type { HookAnswer } from './hooks.ts'

/** What people are told after hooks were asked; what failed in the same way before isn't repeated. */
export function warningsOf(
  run: ActiveRun,
  { messages, failures }: Pick<HookAnswer, 'messages' | 'failures'>,
): EventBody[] {
  const news = failures.filter((failure) => !run.warned.has(failure))
  for (const failure of news) run.warned.add(failure)
  return [
    ...news.map((message) => ({ type: 'warning' as const, message, code: 'hook_failed' })),
    ...messages.map((message) => ({ type: 'warning' as const, message, code: 'hook_message' })),
  ]
}
