import { expect, test } from 'vitest'
import type { Message } from '#contract/message.ts'
import { continueThread, editLast, type Held } from '#http/dialects/thread-tail.ts'
import { message } from '../support/event-log.ts'

const answer: Held = { role: 'assistant' }
const stored = [said('one'), reply('1'), said('two'), reply('2')]

test.each([
  ['all, and one more', ['one', answer, 'two', answer, 'three'], append('three')],
  [
    'all, and two that were not answered',
    ['one', answer, 'two', answer, 'a', 'b'],
    append('a', 'b'),
  ],
  ['all but the last answer', ['one', answer, 'two'], anew('two')],
  ['all, answered', ['one', answer, 'two', answer], append()],
  ['the beginning', ['one'], anew('one')],
  ['the beginning, answered', ['one', answer], anew('one')],
  ['the beginning, and another end', ['one', answer, 'other'], edit('two', 'other')],
  ['nothing of it', ['three'], append('three')],
  ['another history', ['zero', answer, 'three'], append('three')],
  [
    'the answer to a question',
    ['one', answer, 'a.txt', answer, 'two', answer, 'three'],
    append('three'),
  ],
  ['nothing at all', [], append()],
])('a client that holds %s', (_what, held, expected) => {
  expect(continueThread(held.map(toHeld), stored)).toEqual(expected)
})

test('a message whose run failed is not said again', () => {
  const failed = [...stored, said('three')]
  const held = ['one', answer, 'two', answer, 'three'].map(toHeld)
  expect(continueThread(held, failed)).toEqual(append())
  expect(continueThread([...held, toHeld('four')], failed)).toEqual(append('four'))
})

test('a message that is edited takes the place of the one at its place, the same text too', () => {
  expect(editLast(['other'].map(toHeld), stored)).toEqual(edit('one', 'other'))
  expect(editLast(['one', answer, 'two'].map(toHeld), stored)).toEqual(edit('two', 'two'))
  expect(editLast(['one', answer, 'two', answer, 'three'].map(toHeld), stored)).toEqual(
    append('three'),
  )
})

function said(text: string): Message {
  return { ...message('user', text), id: text }
}

function reply(text: string): Message {
  return { ...message('assistant', text), id: text }
}

function toHeld(item: string | Held): Held {
  return typeof item === 'string' ? { role: 'user', content: item } : item
}

function posted(...texts: string[]) {
  return texts.map((content) => ({ role: 'user', content }))
}

function append(...texts: string[]) {
  return { type: 'append', messages: posted(...texts) }
}

function edit(messageId: string, text: string) {
  return { type: 'edit', messageId, messages: posted(text) }
}

function anew(messageId: string) {
  return { type: 'answer', messageId }
}
