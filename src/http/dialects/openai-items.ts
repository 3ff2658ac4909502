import type { ContentPart, Message } from '#contract/message.ts'
import type { Run } from '#contract/run.ts'
import { type Answer, type Call, json } from './dialect.ts'
import { type Fields, invalid } from './openai-fields.ts'
import { textPart } from './openai-output-items.ts'
import { keptOf } from './openai-response.ts'
import { eventsOf } from './openai-response-log.ts'

export type Item = Fields & { id: string; type: string }

/** A stored message as items: an answer is one, and one for each of its calls. */
export function itemsOf(message: Message): Item[] {
  const { id, role, content, status } = message
  if (role === 'tool') {
    return [
      {
        id: id.replace(/^msg_/, 'fco_'),
        type: 'function_call_output',
        call_id: message.tool_call_id ?? '',
        output: content,
        status: 'completed',
      },
    ]
  }
  const ended = status === 'complete' ? 'completed' : 'incomplete'
  const calls = (message.tool_calls ?? []).map(({ id: call_id, function: called }, index) => ({
    id: `${id.replace(/^msg_/, 'fc_')}_${index}`,
    type: 'function_call',
    call_id,
    name: called.name,
    arguments: called.arguments,
    status: 'completed',
  }))
  const empty = role === 'assistant' && content === ''
  const parts = role === 'assistant' ? [textPart(content)] : inputParts(message)
  return empty && calls.length > 0
    ? calls
    : [{ id, type: 'message', role, status: ended, content: parts }, ...calls]
}

/** What a response was given: what was posted, told before it, or the outputs of its functions. */
export async function inputItemsOf(house: Call['house'], run: Run, part: number): Promise<Item[]> {
  const given = new Set<string>()
  let parts = 0
  let firstAnswer: string | null = null
  for await (const event of eventsOf(house, run)) {
    if (event.session_id !== run.session_id || event.run_id !== run.id) continue
    if (event.type === 'run_waiting' && event.reason === 'client_tool') parts += 1
    if (event.type === 'message_added') {
      if (event.message.role === 'assistant') firstAnswer ??= event.message_id
      else if (parts === part && part > 0) given.add(event.message_id)
    }
    if (event.type === 'user_message' && parts === part) given.add(event.message_id)
  }
  const all = await house.sessions.allMessages(run.session_id)
  const end = all.findIndex(({ id }) => id === firstAnswer)
  const told = part === 0 && (keptOf(run)?.history ?? false)
  const input = told
    ? all.slice(0, end === -1 ? all.length : end)
    : all.filter(({ id }) => given.has(id))
  return input.flatMap(itemsOf)
}

/** A page as `after`, `limit` and `order` ask for it; the newest come first by default. */
export function listItems({ query }: Call, items: Item[]): Answer {
  const order = query('order') ?? 'desc'
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'must be asc or desc')
  const limit = Number(query('limit') ?? 20)
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    throw invalid('limit', 'must be a whole number from 1 to 100')
  }
  const sorted = order === 'asc' ? items : items.toReversed()
  const after = query('after')
  const start = after === undefined ? 0 : sorted.findIndex(({ id }) => id === after) + 1
  if (after !== undefined && start === 0) throw invalid('after', `there is no item ${after}`)
  const data = sorted.slice(start, start + limit)
  return json({
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < sorted.length,
  })
}

function inputParts({ content, multi_content: parts }: Message): Fields[] {
  return (parts ?? [{ type: 'text' as const, text: content }]).map(inputPart)
}

function inputPart(part: ContentPart): Fields {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text }
    case 'image_url':
      return {
        type: 'input_image',
        image_url: part.image_url.url,
        detail: part.image_url.detail ?? 'auto',
        file_id: null,
      }
    case 'file':
      return { type: 'input_file', ...part.file }
  }
}
