import { type Answer, type Call, json } from './dialect.ts'
import { findAgent } from './openai-agent.ts'

export function listModels({ house }: Call): Answer {
  return json({ object: 'list', data: house.agents.list().map(({ name }) => toModel(name)) })
}

export function retrieveModel({ house, params: { model = '' } }: Call): Answer {
  findAgent(house, model)
  return json(toModel(model))
}

/** When an agent was made is not known of files. */
function toModel(id: string) {
  return { id, object: 'model', created: 0, owned_by: 'parley' }
}
