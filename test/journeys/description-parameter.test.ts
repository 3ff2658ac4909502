import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, newSession, ofType } from './conversation.ts'

const assistant = `
agents:
  root:
    model: scripted
    add_description_parameter: true
    toolsets:
      - { type: think }
      - type: code
        javascript:
          - name: add
            schema: { type: object, properties: { a: { type: number } }, required: [a], additionalProperties: false }
            code: "export const execute = (args) => Object.keys(args).join()"
          - name: describe
            schema: { type: object, properties: { description: { type: number } } }
            code: "export const execute = (args) => args"
`

test('the model says what each call is for; people see it, the tool does not', async () => {
  const app = await startApp({ agents: { assistant }, flags: ['--enable-code'] })
  app.model.push(
    {
      toolCalls: [
        { name: 'add', arguments: { a: 1, description: 'Adding up' } },
        { name: 'add', arguments: { a: 1 } },
        { name: 'describe', arguments: { description: 7 } },
      ],
    },
    { text: 'Done' },
  )
  const { run } = await ask(app, { session: await newSession(app) })
  const events = await app.events(run.id)
  const [first] = ofType(events, 'tool_call')
  expect(JSON.parse(first?.tool_call.function.arguments ?? '')).toEqual({
    a: 1,
    description: 'Adding up',
  })
  expect(first?.tool_definition.parameters).toMatchObject({
    properties: { description: { type: 'string' } },
    required: ['a'],
  })
  const results = ofType(events, 'tool_call_response').map(({ response }) => response)
  expect(results.toSorted()).toEqual(['a', 'a', '{"description":7}'])
})
