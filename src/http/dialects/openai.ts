import type { Dialect } from './dialect.ts'
import { createChatCompletion } from './openai-chat.ts'
import { refuse } from './openai-errors.ts'
import { listModels, retrieveModel } from './openai-models.ts'

/** The OpenAI API: agents are its models. */
export const openai: Dialect = {
  name: 'openai',
  mount: '/v1',
  approves: false,
  takesTextBack: false,
  routes: [
    { method: 'get', path: '/models', scope: 'read', answer: listModels },
    { method: 'get', path: '/models/:model{.+}', scope: 'read', answer: retrieveModel },
    { method: 'post', path: '/chat/completions', scope: 'runs', answer: createChatCompletion },
  ],
  refuse,
}
