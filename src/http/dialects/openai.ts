import type { Dialect } from './dialect.ts'
import { createChatCompletion } from './openai-chat.ts'
import {
  createConversation,
  deleteConversation,
  listConversationItems,
  refuseItemChange,
  retrieveConversation,
  retrieveConversationItem,
  updateConversation,
} from './openai-conversations.ts'
import { refuse } from './openai-errors.ts'
import { listModels, retrieveModel } from './openai-models.ts'
import {
  cancelResponse,
  createResponse,
  deleteResponse,
  listInputItems,
  retrieveResponse,
} from './openai-responses.ts'

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
    { method: 'post', path: '/responses', scope: 'runs', answer: createResponse },
    { method: 'get', path: '/responses/:id', scope: 'read', answer: retrieveResponse },
    { method: 'delete', path: '/responses/:id', scope: 'sessions', answer: deleteResponse },
    { method: 'post', path: '/responses/:id/cancel', scope: 'runs', answer: cancelResponse },
    { method: 'get', path: '/responses/:id/input_items', scope: 'read', answer: listInputItems },
    { method: 'post', path: '/conversations', scope: 'sessions', answer: createConversation },
    { method: 'get', path: '/conversations/:id', scope: 'read', answer: retrieveConversation },
    { method: 'post', path: '/conversations/:id', scope: 'sessions', answer: updateConversation },
    { method: 'delete', path: '/conversations/:id', scope: 'sessions', answer: deleteConversation },
    {
      method: 'get',
      path: '/conversations/:id/items',
      scope: 'read',
      answer: listConversationItems,
    },
    {
      method: 'post',
      path: '/conversations/:id/items',
      scope: 'sessions',
      answer: refuseItemChange,
    },
    {
      method: 'get',
      path: '/conversations/:id/items/:item',
      scope: 'read',
      answer: retrieveConversationItem,
    },
    {
      method: 'delete',
      path: '/conversations/:id/items/:item',
      scope: 'sessions',
      answer: refuseItemChange,
    },
  ],
  refuse,
}
