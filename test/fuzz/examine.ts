import { checkAnswer } from './check-answer.ts'
import { type FuzzRequest, fillIn, type RawRequest } from './request.ts'
import { type Outcome, send } from './send.ts'

/** What is wrong with how the server takes a request; empty when nothing is. */
export async function examine(
  url: string,
  request: FuzzRequest,
  values: Record<string, string>,
): Promise<{ problems: string[]; status: number }> {
  const filled = fillIn(request, values)
  const outcome = await send(url, filled)
  const status = outcome.type === 'answers' ? (outcome.answers.at(-1)?.status ?? 0) : 0
  return { problems: findProblems(filled, outcome), status }
}

function findProblems(request: FuzzRequest, outcome: Outcome): string[] {
  if (outcome.type === 'hung') return ['nothing came within 10 s']
  if (request.kind === 'raw') return rawProblems(request, outcome)
  if (outcome.type === 'closed') return [`closed without an answer: ${outcome.reason}`]
  return outcome.answers.flatMap((answer) => checkAnswer(request, answer))
}

function rawProblems(request: RawRequest, outcome: Outcome): string[] {
  // A client that says that nothing follows may be left without an answer.
  if (outcome.type !== 'answers') return request.after === 'end' ? [] : ['closed without an answer']
  const { answers } = outcome
  const method = /^(\w+)/.exec(request.pieces.join(''))?.[1] ?? 'GET'
  // The target of a raw request is not read here: its refusals are held against the problem alone.
  const problems = answers.flatMap((answer) => checkAnswer({ method, path: '' }, answer))
  const isRefused = answers.some(({ status }) => status >= 400)
  if (answers.length < request.answers && !isRefused) problems.push(`${answers.length} answers`)
  if (answers.length > Math.max(1, request.answers)) problems.push(`${answers.length} answers`)
  return problems
}
