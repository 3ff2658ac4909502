import { expect, test } from 'vitest'
import type { Message } from '#contract/message.ts'
import { buildPrompt } from '#runtime/prompt.ts'

test('a call without a result gets one', () => {
  const history = [say('user', 'a'), calls('1', '2'), result('1'), say('user', 'b')]
  expect(roles(history)).toEqual(['user', 'assistant', 'tool:1', 'tool:2', 'user'])
})

test('a result without its call is left out', () => {
  expect(roles([result('9'), say('user', 'b')])).toEqual(['user'])
})

test('a second result of one call is left out', () => {
  expect(roles([calls('1'), result('1'), result('1')])).toEqual(['assistant', 'tool:1'])
})

test('cutting never parts an assistant message from its results', () => {
  const history = [say('user', 'a'), calls('1', '2'), result('1'), result('2')]
  const prompt = buildPrompt({ system: '', history, itemLimit: 1, contextLimit: null })
  expect(prompt.map((message) => message.role)).toEqual(['assistant', 'tool', 'tool'])
})

test('the oldest messages go first when the window is small', () => {
  const history = [say('user', 'x'.repeat(8000)), say('assistant', 'old'), say('user', 'new')]
  const prompt = buildPrompt({ system: 'be brief', history, itemLimit: null, contextLimit: 1000 })
  expect(prompt.map((message) => message.content)).toEqual(['be brief', 'old', 'new'])
})

test('the newest message is always shown', () => {
  const history = [say('user', 'old'), say('user', 'x'.repeat(8000))]
  const prompt = buildPrompt({ system: '', history, itemLimit: null, contextLimit: 100 })
  expect(prompt).toHaveLength(1)
})

function roles(history: Message[]): string[] {
  const prompt = buildPrompt({ system: '', history, itemLimit: null, contextLimit: null })
  return prompt.map(({ role, tool_call_id }) => (tool_call_id ? `${role}:${tool_call_id}` : role))
}

function say(role: Message['role'], content: string): Message {
  return {
    id: `msg_${content.slice(0, 5)}`,
    parent_id: null,
    role,
    agent_name: null,
    status: 'complete',
    content,
    created_at: '2026-01-01T00:00:00.000Z',
  }
}

function calls(...ids: string[]): Message {
  const tool_calls = ids.map((id) => ({
    id,
    type: 'function' as const,
    function: { name: 'read', arguments: '{}' },
  }))
  return { ...say('assistant', ''), tool_calls }
}

function result(id: string): Message {
  return { ...say('tool', `result ${id}`), tool_call_id: id }
}
