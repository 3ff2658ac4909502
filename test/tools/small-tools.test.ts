import { expect, test } from 'vitest'
import { createThinkToolset } from '#tools/think.ts'
import { createUserPromptToolset } from '#tools/user-prompt.ts'
import { callTool, toolContext } from './tool-context.ts'

test('a thought is noted and needs no permission', async () => {
  const toolset = createThinkToolset({ type: 'think', instruction: 'Think first.' })
  expect(await callTool(toolset, 'think', { thought: 'hm' })).toMatchObject({ is_error: false })
  const [think] = await toolset.tools(toolContext())
  expect(think).toMatchObject({ harmless: true, definition: { annotations: { read_only: true } } })
  expect(toolset.instruction).toBe('Think first.')
})

test('a field that a toolset does not know is told', () => {
  expect(() => createThinkToolset({ type: 'think', loud: true })).toThrow('toolset think')
})

test('a question parks the run with its form', async () => {
  const toolset = createUserPromptToolset({ type: 'user_prompt' })
  const schema = { type: 'object', properties: { age: { type: 'integer' } } }
  expect(await callTool(toolset, 'user_prompt', { message: 'How old?', schema })).toEqual({
    type: 'elicit',
    request: { message: 'How old?', mode: 'form', schema },
  })
})

test('a question without a form gets one text field, and never times out', async () => {
  const toolset = createUserPromptToolset({ type: 'user_prompt' })
  expect(await callTool(toolset, 'user_prompt', { message: 'Well?' })).toMatchObject({
    request: { schema: { required: ['answer'] } },
  })
  const [tool] = await toolset.tools(toolContext())
  expect(tool?.timeout).toBe(0)
})

test.each([
  ['accept', { age: 7 }, '{"action":"accept","content":{"age":7}}'],
  ['decline', null, '{"action":"decline","content":null}'],
  ['cancel', null, '{"action":"cancel","content":null}'],
] as const)('the answer %s is the result', async (action, content, output) => {
  const toolset = createUserPromptToolset({ type: 'user_prompt' })
  const context = toolContext({ answer: { action, content } })
  const outcome = await callTool(toolset, 'user_prompt', { message: 'How old?' }, context)
  expect(outcome).toEqual({ type: 'result', output, is_error: false })
})
