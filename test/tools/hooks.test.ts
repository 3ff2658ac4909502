import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AgentHooks } from '#contract/agent-hooks.ts'
import { type HookEvent, noAnswer } from '#runtime/hooks.ts'
import { createHooks } from '#tools/hooks/hooks.ts'
import { temporaryDirectory, toolContext } from './tool-context.ts'

const before: HookEvent = {
  name: 'pre_tool_use',
  tool: 'shell',
  callId: 'c1',
  input: { cmd: 'ls' },
}
const started: HookEvent = { name: 'session_start', source: 'startup' }

async function open(hooks: AgentHooks, { enabled = true, trusted = true } = {}) {
  const baseDirectory = await temporaryDirectory()
  const environment = { PATH: process.env.PATH, SECRET: 'hidden' }
  const opened = createHooks({ enabled, environment })(hooks, { baseDirectory, trusted })
  const ask = (event: HookEvent, signal = new AbortController().signal) =>
    opened.ask(event, toolContext(), signal)
  return { ...opened, ask, baseDirectory }
}

const guards = (...commands: string[]): AgentHooks => ({
  pre_tool_use: [{ hooks: commands.map((command) => ({ command, timeout: 2 })) }],
})
const says = (output: object) => `cat > /dev/null; echo '${JSON.stringify(output)}'`
const decides = (permission_decision: string, more: object = {}) =>
  says({ hook_specific_output: { permission_decision, ...more } })

test.each([
  [undefined, 'shell', true],
  ['*', 'shell', true],
  ['', 'shell', true],
  ['shell|write_.*', 'write_file', true],
  ['shell', 'shell_more', false],
  ['hell', 'shell', false],
  ['Shell', 'shell', false],
])('the matcher %s and the tool %s: %s', async (matcher, tool, expected) => {
  const hook = { ...(matcher === undefined ? {} : { matcher }), hooks: [{ command: 'true' }] }
  const { has } = await open({ post_tool_use: [hook] })
  expect(has('post_tool_use', tool)).toBe(expected)
  expect(has('pre_tool_use', tool)).toBe(false)
})

test('the event is one JSON object on stdin, in the folder of the file, with few variables', async () => {
  const hooks = await open(guards('cat > event.json; env > env.txt'))
  await hooks.ask(before)
  const read = (name: string) => readFile(join(hooks.baseDirectory, name), 'utf8')
  expect(JSON.parse(await read('event.json'))).toEqual({
    session_id: 'ses_1',
    cwd: hooks.baseDirectory,
    hook_event_name: 'pre_tool_use',
    agent_name: 'root',
    tool_name: 'shell',
    tool_use_id: 'c1',
    tool_input: { cmd: 'ls' },
  })
  expect(await read('env.txt')).not.toContain('hidden')
})

test.each<[string, string, object]>([
  ['nothing', 'true', {}],
  ['exit code 2', 'echo no >&2; exit 2', { decision: 'deny', reason: 'no' }],
  ['allow', decides('allow'), { decision: 'allow' }],
  [
    'ask with a reason',
    decides('ask', { permission_decision_reason: 'sure?' }),
    { decision: 'ask', reason: 'sure?' },
  ],
  ['block', says({ decision: 'block', reason: 'stay' }), { decision: 'deny', reason: 'stay' }],
  [
    'no going on',
    says({ continue: false, stop_reason: 'enough' }),
    { decision: 'deny', reason: 'enough' },
  ],
  ['a message', says({ system_message: 'look' }), { messages: ['look'] }],
  [
    'other arguments',
    says({ hook_specific_output: { updated_input: { cmd: 'pwd' } } }),
    { input: { cmd: 'pwd' } },
  ],
  ['text, which is no answer to a question', 'echo allow', {}],
])('a hook says %s', async (_, command, answer) => {
  const { ask } = await open(guards(command))
  expect(await ask(before)).toEqual({ ...noAnswer, ...answer })
})

test.each([
  ['ends otherwise', 'echo oh >&2; exit 3', 'exit code 3: oh'],
  ['dies', 'kill -9 $$', 'ended by SIGKILL'],
  ['takes too long', 'sleep 30', 'it did not end within 2 s'],
  ['writes too much', 'yes | head -c 300000', 'it wrote more than 256 KiB'],
  ['writes half of its JSON', `echo '{"decision":'`, 'begins like JSON and is none'],
  ['writes a field wrong', says({ permission_decision: 'deny' }), 'is not what a hook may say'],
  ['writes a decision wrong', decides('refuse'), 'permission_decision'],
  [
    'answers another event',
    decides('allow', { hook_event_name: 'stop' }),
    'its output is for stop',
  ],
  ['is not there', './missing.sh', 'exit code 127'],
])('a hook that %s gives no answer', async (_, command, failure) => {
  const { ask } = await open(guards(command))
  const { failures, ...answer } = await ask(before)
  expect(answer).toEqual({ ...noAnswer, failures: undefined })
  expect(failures).toEqual([expect.stringMatching(failure)])
})

test('the strictest of all hooks stands, each is asked once, and changes are put together', async () => {
  const once = 'echo x >> count; cat > /dev/null'
  const change = (updated_input: object) => says({ hook_specific_output: { updated_input } })
  const hooks = await open({
    pre_tool_use: [
      { matcher: 'shell', hooks: [{ command: once }, { command: change({ cmd: 'a', cwd: '.' }) }] },
      {
        hooks: [
          { command: once },
          { command: change({ cmd: 'b' }) },
          { command: decides('allow') },
        ],
      },
      { hooks: [{ command: decides('ask') }, { command: 'echo never >&2; exit 2' }] },
    ],
  })
  const answer = await hooks.ask(before)
  expect(answer).toMatchObject({ decision: 'deny', reason: 'never', input: { cmd: 'b', cwd: '.' } })
  expect(await readFile(join(hooks.baseDirectory, 'count'), 'utf8')).toBe('x\n')
})

test('plain text and additional context are for the prompt of a session', async () => {
  const context = { hook_specific_output: { additional_context: 'from JSON' } }
  const { ask } = await open({
    session_start: [{ command: 'echo plain' }, { command: says(context) }],
  })
  expect(await ask(started)).toEqual({ ...noAnswer, context: 'plain\n\nfrom JSON' })
})

test('what a hook prints can be stored, whatever it is', async () => {
  const { ask, baseDirectory } = await open({ session_start: [{ command: 'cat text' }] })
  await writeFile(join(baseDirectory, 'text'), Buffer.from([0x61, 0, 0xff, 0x62]))
  expect((await ask(started)).context).toBe('a\ufffd\ufffdb')
})

test('a hook need not read a long event, and ends with the run', async () => {
  const { ask } = await open({ post_tool_use: [{ hooks: [{ command: 'exec 0<&-; echo fine' }] }] })
  const response = { output: 'x'.repeat(5_000_000), is_error: false }
  const after: HookEvent = { ...before, name: 'post_tool_use', response }
  expect((await ask(after)).context).toBe('fine')
  const slow = await open(guards('sleep 30'))
  const reason = new Error('the run is over')
  await expect(slow.ask(before, AbortSignal.abort(reason))).rejects.toBe(reason)
})

test.each([
  [{ enabled: false }, '--enable-shell'],
  [{ trusted: false }, 'only an agent from a file of the operator'],
])('with %o nothing runs, and whoever asks is told so', async (options, why) => {
  const { ask, baseDirectory } = await open(guards('touch ran'), options)
  expect((await ask(before)).failures).toEqual([expect.stringContaining(why)])
  await expect(readFile(join(baseDirectory, 'ran'))).rejects.toThrow('ENOENT')
})
