import { expect, test } from 'vitest'
import { parseAgentFile } from '#agents/parse.ts'

/** The problems of an agent with these hooks, as lines. */
function problems(hooks: string): string[] {
  const text = `agents:\n  root:\n    hooks:\n${hooks.replaceAll(/^/gm, '      ')}\n`
  const parsed = parseAgentFile(text, { environment: {} })
  if (!('problems' in parsed)) return []
  return parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

test('hooks as the existing format has them are right', () => {
  const hook = '{ type: command, command: ./hook.sh, timeout: 30 }'
  const tools = (name: string) => `${name}:\n  - matcher: "shell|edit_.*"\n    hooks: [${hook}]\n`
  const others = ['session_start', 'session_end', 'on_user_input'].map(
    (name) => `${name}: [${hook}]`,
  )
  expect(problems(`${tools('pre_tool_use')}${tools('post_tool_use')}${others.join('\n')}`)).toEqual(
    [],
  )
})

test.each([
  [
    'pre_tool_uses: []',
    '4:7 agents.root.hooks.pre_tool_uses: unknown field; did you mean pre_tool_use?',
  ],
  ['session_start: [{ comand: x }]', 'unknown field; did you mean command?'],
  [
    'pre_tool_use: [{ matchr: x, hooks: [{ command: x }] }]',
    'unknown field; did you mean matcher?',
  ],
  [
    'pre_tool_use: [{ hooks: [{ command: x, timout: 3 }] }]',
    'unknown field; did you mean timeout?',
  ],
  ['pre_tool_use: [{ matcher: "(", hooks: [{ command: x }] }]', 'no regular expression'],
  ['pre_tool_use: [{ matcher: x }]', 'missing; a list is needed'],
  ['session_end: [{ command: x, timeout: 601 }]', '4:'],
  ['session_end: [{ type: prompt, command: x }]', '"prompt" is not known here'],
  ['session_end: [{ command: "echo ${env.KEY}" }]', 'may stand only in'],
])('%s is told', (hooks, message) => {
  expect(problems(hooks).join('\n')).toContain(message)
})
