import { expect, test } from 'vitest'
import { parseAgentFile } from '#agents/parse.ts'

const environment = { DEPLOY_KEY: 'k' }

/** The problems of an agent with one toolset, as lines. */
function problems(toolset: string): string[] {
  const text = `agents:\n  root:\n    toolsets:\n${toolset.replaceAll(/^/gm, '      ')}\n`
  const parsed = parseAgentFile(text, { environment })
  if (!('problems' in parsed)) return []
  return parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

test.each([
  '- { type: shell, path: ./work, env: { KEY: "${env.DEPLOY_KEY}" }, tools: [shell] }',
  '- type: script\n  shell:\n    deploy:\n      cmd: ./deploy "$to"\n      args: { to: { description: Where } }\n      required: [to]\n      env: { KEY: "${env.DEPLOY_KEY}" }\n      working_dir: .',
  '- { type: memory, path: ./memory.db }',
  '- { type: memory, scope: user, tools: [add_memory] }',
  '- { type: tasks, shared: true, path: ./tasks.json }',
])('%s is right', (toolset) => {
  expect(problems(toolset)).toEqual([])
})

test.each([
  [
    '- { type: shell, env: { KEY: "${env.MISSING}" } }',
    'the environment variable MISSING is not set',
  ],
  ['- { type: shell, env: { LD_PRELOAD: x } }', 'use another name'],
  ['- { type: shell, pth: . }', 'unknown field; did you mean path?'],
  ['- type: script\n  shell:\n    a: { cmd: "echo ${env.DEPLOY_KEY}" }', 'may stand only in'],
  [
    '- type: script\n  shell:\n    a: { cmd: x, description: y, requird: [] }',
    'did you mean required?',
  ],
  ['- type: script\n  shell:\n    a: { cmd: x, args: { PATH: {} } }', 'not for arguments'],
  ['- { type: script }', 'missing; a mapping is needed'],
  ['- { type: memory, scope: everyone }', 'one of session, user, agent'],
])('%s is told', (toolset, message) => {
  expect(problems(toolset)).toEqual([expect.stringContaining(message)])
})
