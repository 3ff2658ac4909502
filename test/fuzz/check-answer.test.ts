import { expect, test } from 'vitest'
import { checkAnswer } from './check-answer.ts'
import type { Answer } from './request.ts'
import { parseAnswers } from './send.ts'

const ping = { method: 'GET', path: '/api/ping' }
const id = { 'x-request-id': 'r' }
const right: Answer = {
  status: 200,
  headers: { ...id, 'content-type': 'application/json' },
  body: '{"status":"ok"}',
  isCut: false,
}
const problem = { ...id, 'content-type': 'application/problem+json' }
const refusal = {
  type: 'urn:parley:problem:forbidden',
  title: 'This is not allowed',
  status: 403,
  detail: 'No',
  code: 'forbidden',
  request_id: 'r',
}

test('an answer that keeps the document has no faults', () => {
  expect(checkAnswer(ping, right)).toEqual([])
  const refused = { ...right, status: 403, headers: problem, body: JSON.stringify(refusal) }
  expect(checkAnswer(ping, refused)).toEqual([])
})

const wrong: [string, Partial<Answer>][] = [
  ['a status of 500', { status: 500, headers: problem, body: '{}' }],
  ['a status that is not declared', { status: 418 }],
  ['no request id', { headers: { 'content-type': 'application/json' } }],
  ['another media type', { headers: { ...id, 'content-type': 'text/html' } }],
  ['no JSON', { body: '{"status":' }],
  ['a body that breaks its schema', { body: '{"status":"fine"}' }],
  ['a refusal that is no problem', { status: 403, body: '{}' }],
  ['a problem with an unknown code', refused({ code: 'nope' })],
  ['a problem of another status', refused({ status: 404 })],
  ['a problem of another request', refused({ request_id: 'other' })],
  ['a stack', refused({ detail: 'x\n    at file.ts:12' })],
]

test.each(wrong)('%s is a fault', (_name, change) => {
  expect(checkAnswer(ping, { ...right, ...change })).not.toEqual([])
})

test('a frame that is no event is a fault, and one that was left half is not', () => {
  const headers = {
    ...id,
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
  }
  const stream = { method: 'GET', path: '/api/sessions/a/events' }
  const answer = { ...right, headers, body: 'data: {"type":"nope"}\n\n' }
  expect(checkAnswer(stream, answer)).not.toEqual([])
  expect(checkAnswer(stream, { ...answer, body: 'data: {"type"', isCut: true })).toEqual([])
  expect(checkAnswer(stream, { ...answer, body: 'data: {"type"' })).not.toEqual([])
})

test('U+2028 in a frame is no end of a line', () => {
  const headers = {
    ...id,
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
  }
  const body = 'data: {"type":"heartbeat","head":1,"x":"\u2028"}\n\n'
  const faults = checkAnswer(
    { method: 'GET', path: '/api/sessions/a/events' },
    { ...right, headers, body },
  )
  expect(faults.join()).not.toContain('no JSON')
})

test('answers on one connection are told apart by their lengths', () => {
  const first = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'
  const second = 'HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'
  const interim = 'HTTP/1.1 100 Continue\r\n\r\n'
  const answers = parseAnswers(interim + first + second)
  expect(answers.map(({ status, body }) => [status, body])).toEqual([
    [200, '{}'],
    [400, 'a'],
  ])
  expect(() => parseAnswers(`${first}rest`)).toThrow('No answer of HTTP')
})

function refused(change: Partial<Record<keyof typeof refusal, unknown>>): Partial<Answer> {
  return { status: 403, headers: problem, body: JSON.stringify({ ...refusal, ...change }) }
}
