import type { RecordedRequest } from '../support/model-server.ts'
import type { Evidence, Rule } from './evidence.ts'
import { answerEnd } from './model.ts'

export const transcriptRules: readonly Rule[] = [
  { promise: 'R10', name: 'the model is shown whole exchanges', find: findUnpaired },
  { promise: 'R11', name: 'a whole answer has its end', find: findTruncated },
]

function findUnpaired({ requests }: Evidence): string[] {
  return requests.flatMap((request, index) =>
    unpairedIn(request).map((fault) => `request ${index + 1}: ${fault}`),
  )
}

/** Calls without exactly one result right behind them, and results without a call. */
function unpairedIn({ body }: Pick<RecordedRequest, 'body'>): string[] {
  const faults: string[] = []
  let open: string[] = []
  for (const { role, tool_calls, tool_call_id = '' } of body.messages) {
    if (role === 'tool') {
      if (!open.includes(tool_call_id)) faults.push(`a result of ${tool_call_id} without its call`)
      open = open.filter((id) => id !== tool_call_id)
      continue
    }
    faults.push(...open.map((id) => `${id} has no result`))
    open = Array.isArray(tool_calls) ? tool_calls.map(({ id }: { id: string }) => id) : []
  }
  return [...faults, ...open.map((id) => `${id} has no result`)]
}

/** Answers that count as complete and lack the words that end every answer of the scripted model. */
function findTruncated({ contents }: Evidence): string[] {
  return [...contents.logs].flatMap(([session, log]) =>
    log.flatMap(({ event }) => {
      if (event.type !== 'message_added' || event.message.role !== 'assistant') return []
      const { status, content } = event.message
      const isWhole = String(content).endsWith(answerEnd)
      return status === 'incomplete' || isWhole
        ? []
        : [`${session} seq ${event.seq} is complete and ends with “${String(content).slice(-40)}”`]
    }),
  )
}
