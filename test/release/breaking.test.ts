import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { breakingChanges } from '../../tools/release/breaking.ts'

const text = await readFile(new URL('../../openapi/openapi.json', import.meta.url), 'utf8')
const current = () => JSON.parse(text)

test('the document breaks no client of itself', () => {
  expect(breakingChanges(current(), current())).toEqual([])
})

test('an operation, a field and an answer that are gone break clients', () => {
  const next = current()
  delete next.paths['/api/chat']
  delete next.components.schemas.Run.properties.status
  delete next.paths['/api/sessions'].post.responses['201']
  const changes = breakingChanges(current(), next)
  expect(changes).toEqual(
    expect.arrayContaining([
      'POST /api/chat is gone',
      'GET /api/runs/{run} 200.status is gone',
      'POST /api/sessions answers no 201 any more',
    ]),
  )
})

test('what requests must newly bring breaks clients, what they may bring does not', () => {
  const next = current()
  const body = next.components.schemas.SessionPatch
  body.properties.colour = { type: 'string' }
  expect(breakingChanges(current(), next)).toEqual([])
  body.required = ['colour']
  expect(breakingChanges(current(), next)).toEqual([
    'PATCH /api/sessions/{session} request needs colour',
  ])
})

test('an answer may grow, and may not become vague', () => {
  const next = current()
  const run = next.components.schemas.Run
  run.properties.weight = { type: 'number' }
  run.required.push('weight')
  expect(breakingChanges(current(), next)).toEqual([])
  run.required = run.required.filter((field: string) => field !== 'id')
  expect(breakingChanges(current(), next)).toContain('GET /api/runs/{run} 200.id may be missing')
})
