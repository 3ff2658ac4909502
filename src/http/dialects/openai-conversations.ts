import { Problem } from '#contract/problem.ts'
import type { Session } from '#contract/session.ts'
import { type Answer, type Call, json } from './dialect.ts'
import { findAgent } from './openai-agent.ts'
import { conversationName, findConversation } from './openai-conversation.ts'
import { readFields, readMetadata, seconds, unsupported } from './openai-fields.ts'
import { keepHistory } from './openai-history.ts'
import { itemsOf, listItems } from './openai-items.ts'
import { readInput } from './openai-response-input.ts'

export async function createConversation(call: Call): Promise<Answer> {
  const { house } = call
  const fields = await readFields(call)
  const metadata = readMetadata(fields)
  const said = readInput(fields.items ?? [], 'items')
  if (said.length === 0) return json(toConversation(await house.sessions.create({ metadata })))
  const { agent } = findAgent(house, undefined)
  const id = await keepHistory(house, { said, agent, metadata })
  return json(toConversation(await findConversation(house, id)))
}

export async function retrieveConversation({ house, params }: Call): Promise<Answer> {
  return json(toConversation(await findConversation(house, params.id ?? '')))
}

export async function updateConversation(call: Call): Promise<Answer> {
  const { house, params } = call
  const metadata = readMetadata(await readFields(call))
  const { id, metadata: before } = await findConversation(house, params.id ?? '')
  const own = before.openai === undefined ? {} : { openai: before.openai }
  const updated = await house.sessions.update(id, { metadata: { ...metadata, ...own } })
  if (!updated) throw new Problem('not_found', `Conversation with id '${params.id}' not found.`)
  return json(toConversation(updated))
}

export async function deleteConversation({ house, params }: Call): Promise<Answer> {
  const { id } = await findConversation(house, params.id ?? '')
  await house.sessions.remove(id)
  return json({ id: conversationName(id), object: 'conversation.deleted', deleted: true })
}

export async function listConversationItems(call: Call): Promise<Answer> {
  return listItems(call, await readItems(call))
}

export async function retrieveConversationItem(call: Call): Promise<Answer> {
  const wanted = call.params.item ?? ''
  const item = (await readItems(call)).find(({ id }) => id === wanted)
  if (item) return json(item)
  throw new Problem('not_found', `Item with id '${wanted}' not found.`)
}

/** Nothing is said in a session but by a run, and nothing of its history goes away. */
export async function refuseItemChange({ house, params }: Call): Promise<Answer> {
  await findConversation(house, params.id ?? '')
  throw unsupported(
    'items',
    'send items as the `items` of a new conversation, or as the `input` of a response in it',
  )
}

async function readItems({ house, params }: Call) {
  const { id } = await findConversation(house, params.id ?? '')
  return (await house.sessions.allMessages(id)).flatMap(itemsOf)
}

function toConversation({ id, created_at, metadata: { openai: _, ...metadata } }: Session) {
  return {
    id: conversationName(id),
    object: 'conversation',
    created_at: seconds(created_at),
    metadata,
  }
}
