import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.ts'
import type { RecordedRequest, ScriptedAnswer } from '../support/model-server.ts'

const program = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)

/**
 * Scenarios about things that a server of agents does not have: tools that answer with files, that
 * borrow the client's model or have arguments of their own, resources and prompts of other names,
 * subscriptions.
 */
const withoutObject = [
  'tools-call-image',
  'tools-call-audio',
  'tools-call-embedded-resource',
  'tools-call-mixed-content',
  'tools-call-sampling',
  'json-schema-2020-12',
  'resources-read-text',
  'resources-read-binary',
  'resources-templates-read',
  'resources-subscribe',
  'resources-unsubscribe',
  'prompts-get-simple',
  'prompts-get-with-args',
  'prompts-get-embedded-resource',
  'prompts-get-with-image',
]

const text = (name: string) => ({ type: 'string', description: name })
const titled = [
  { const: 'value1', title: 'First Option' },
  { const: 'value2', title: 'Second Option' },
  { const: 'value3', title: 'Third Option' },
]
const options = ['option1', 'option2', 'option3']

/** What the agents that have the names of the suite's tools ask their user. */
const forms: Record<string, object> = {
  test_elicitation: {
    properties: { username: text('Name'), email: text('Address') },
    required: ['username', 'email'],
  },
  test_elicitation_sep1034_defaults: {
    properties: {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    },
  },
  test_elicitation_sep1330_enums: {
    properties: {
      untitledSingle: { type: 'string', enum: options },
      titledSingle: { type: 'string', oneOf: titled },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
      titledMulti: { type: 'array', items: { anyOf: titled } },
    },
  },
}

const names = [
  'test_simple_text',
  'test_error_handling',
  'test_tool_with_logging',
  'test_tool_with_progress',
  'test_reconnection',
  ...Object.keys(forms),
]

/** Each agent says its name as its instruction. */
function answer({ body: { messages } }: RecordedRequest): ScriptedAnswer {
  const name = names.find((known) => String(messages[0]?.content).includes(`I am ${known}.`)) ?? ''
  if (name === 'test_error_handling') return { fault: { kind: 'status', status: 401 } }
  if (messages.at(-1)?.role === 'tool') return { text: `Answered by ${name}` }
  if (name === 'test_tool_with_progress') {
    return { toolCalls: [{ name: 'think', arguments: { thought: 'Well' } }] }
  }
  const form = forms[name]
  if (!form) return { text: `Answered by ${name}` }
  const schema = { type: 'object', ...form }
  return { toolCalls: [{ name: 'user_prompt', arguments: { message: 'Who?', schema } }] }
}

test('the public conformance suite passes, but for what a server of agents does not have', async () => {
  const agents = names.map((name) => [
    name,
    `
agents:
  root:
    model: scripted
    instruction: I am ${name}.
    toolsets: [{ type: user_prompt }, { type: think }]
`,
  ])
  const { url } = await startApp({ agents: Object.fromEntries(agents), script: answer })
  const directory = await mkdtemp(join(tmpdir(), 'mcp-conformance-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const expected = join(directory, 'expected.json')
  // Without an entry for each, the suite fails; with one for a scenario that passes, too.
  await writeFile(expected, JSON.stringify({ server: withoutObject }))
  const flags = ['--url', `${url}/mcp`, '--suite', 'all', '--expected-failures', expected]
  const { code, output } = await run(['server', ...flags], directory)
  const passed = output.match(/^✓.*/gm) ?? []
  expect({ code, passed }, output).toMatchObject({ code: 0, passed: { length: 17 } })
}, 60_000)

function run(args: string[], cwd: string): Promise<{ code: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    )
  })
}
