import { expect, test } from 'vitest'
import { chat } from '#client/index.ts'
import type { RuntimeEvent } from '#contract/event.ts'
import { startApp } from '../support/app.ts'

const coder = `
agents:
  root:
    model: scripted
    toolsets:
      - type: code
        javascript:
          - name: add
            description: Adds
            schema: { type: object, properties: { numbers: { type: array } }, required: [numbers] }
            code: |
              export function execute({ numbers }) {
                console.log('adding', numbers.length)
                return numbers.reduce((sum, each) => sum + each, 0)
              }
          - name: fail
            code: export const execute = () => missing
`

test('a code tool runs without asking, shows its progress and tells the model its errors', async () => {
  const { client, model, events } = await startApp({ agents: { coder }, flags: ['--enable-code'] })
  model.push(
    {
      toolCalls: [
        { name: 'add', arguments: { numbers: [1, 2, 3] } },
        { name: 'fail', arguments: {} },
        { name: 'add', arguments: {} },
      ],
    },
    { text: 'Six' },
  )
  const { data } = await client.POST('/api/chat', { body: { message: 'Add' } })
  const log = await events(data && 'run' in data ? data.run.id : '')
  expect(log.flatMap((event) => (event.type === 'tool_call_output' ? event.content : []))).toEqual([
    'adding 3\n',
  ])
  const [added, failed, refused] = resultsOf(log)
  expect(added).toEqual({ output: '6', is_error: false, structured: 6 })
  expect(failed).toMatchObject({ is_error: true })
  expect(failed?.output).toMatch(/^ReferenceError: 'missing' is not defined/)
  expect(refused?.output).toContain('"numbers" is missing')
})

test('without --enable-code the agent answers, and is told why its code tools are away', async () => {
  const { client, model } = await startApp({ agents: { coder } })
  model.push({ text: 'Hello' })
  const warnings: string[] = []
  for await (const event of chat(client, { message: 'Hi' })) {
    if (event.type === 'warning') warnings.push(event.message)
  }
  expect(warnings).toEqual([expect.stringContaining('start the server with --enable-code')])
  expect(model.requests[0]?.body.tools ?? []).toEqual([])
})

function resultsOf(log: RuntimeEvent[]) {
  const calls = log.flatMap((event) => (event.type === 'tool_call' ? event.tool_call.id : []))
  const results = new Map(
    log.flatMap((event) =>
      event.type === 'tool_call_response' ? [[event.tool_call.id, event.result] as const] : [],
    ),
  )
  const refused = [...results.keys()].filter((id) => !calls.includes(id))
  return [...calls, ...refused].map((id) => results.get(id))
}
