import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ask, expectGoesOn, newSession, ofType, resume, toldResults } from './conversation.ts'

/** Decides by the name of the file: `deny-1`, `rewrite-2`, … */
const guard = `
import json, sys, time
event = json.load(sys.stdin)
wish = event["tool_input"]["path"].split("-")[0]
def say(**output):
    print(json.dumps({"hook_specific_output": {"hook_event_name": "pre_tool_use", **output}}))
if wish in ("allow", "deny", "ask"):
    say(permission_decision=wish, permission_decision_reason="because of " + event["tool_name"])
elif wish == "rewrite":
    say(updated_input={**event["tool_input"], "path": "safe"})
elif wish == "misfit":
    say(updated_input={"pth": "x"}, permission_decision="allow")
elif wish == "block":
    sys.stderr.write("blocked by hand")
    sys.exit(2)
elif wish == "crash":
    sys.exit(1)
elif wish == "nonsense":
    print("{nonsense")
elif wish == "slow":
    time.sleep(60)
elif wish == "note":
    print(json.dumps({"system_message": "Take note", "suppress_output": True}))
elif wish == "stop":
    print(json.dumps({"continue": False, "stop_reason": "we stop here"}))
`
const assistant = `
agents:
  root:
    model: scripted
    toolsets: [{ type: filesystem, path: ./files }]
    hooks:
      pre_tool_use:
        - matcher: write_file|edit_.*
          hooks: [{ type: command, command: python3 guard.py, timeout: 3 }]
      post_tool_use:
        - matcher: list_directory
          hooks:
            - type: command
              command: |
                python3 -c 'import json, sys
                event = json.load(sys.stdin)
                print("Looked at " + event["tool_input"]["path"], len(event["tool_response"]["output"]) > 0)'
permissions:
  deny: ["write_file:path=allow-denied*", "write_file:path=safe2"]
`
const app = await startApp({ lifetime: 'file', agents: { assistant }, flags: ['--enable-shell'] })
await writeFile(join(app.directory, 'guard.py'), guard)
const { model, events } = app

const write = (path: string) => ({ name: 'write_file', arguments: { path, content: 'x' } })
const files = () => readdir(join(app.directory, 'files'))

test('a hook allows a call that would ask, and a deny rule still denies it', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write('allow-1'), write('allow-denied')] }, { text: 'Done.' })
  const { run } = await ask(app, { session })
  const log = await events(run.id)
  expect(ofType(log, 'tool_call_confirmation')).toEqual([])
  expect(
    ofType(log, 'tool_call_response')
      .map(({ state }) => state)
      .sort(),
  ).toEqual(['denied', 'succeeded'])
  expect(await files()).toContain('allow-1')
  expect(await files()).not.toContain('allow-denied')
  await expectGoesOn(app, session)
})

test('a hook denies by its decision, by exit code 2 and by not going on, also over approve-all', async () => {
  const session = await newSession(app, { tools_approved: true })
  model.push(
    { toolCalls: [write('deny-1'), write('block-1'), write('stop-1')] },
    { text: 'Not then.' },
  )
  const { run } = await ask(app, { session })
  const responses = ofType(await events(run.id), 'tool_call_response')
  expect(responses.map(({ state }) => state)).toEqual(['denied', 'denied', 'denied'])
  expect(responses.map(({ denied_by }) => denied_by)).toEqual(['hook', 'hook', 'hook'])
  expect(toldResults(app)).toEqual([
    'A hook of the agent denies this call: because of write_file',
    'A hook of the agent denies this call: blocked by hand',
    'A hook of the agent denies this call: we stop here',
  ])
  expect((await files()).filter((name) => /deny|block|stop/.test(name))).toEqual([])
  await expectGoesOn(app, session)
})

test('a hook asks although all is approved, and says why', async () => {
  const session = await newSession(app, { tools_approved: true })
  model.push({ toolCalls: [write('ask-1')] }, { text: 'Asked.' })
  const { run } = await ask(app, { session })
  expect(run.waiting_for).toMatchObject({ kind: 'approval' })
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  expect(ofType(log, 'warning').map(({ code, message }) => [code, message])).toEqual([
    ['hook_asks', 'A hook wants somebody to approve write_file: because of write_file'],
  ])
  expect(await files()).toContain('ask-1')
  await expectGoesOn(app, session)
})

test('changed arguments are what is shown, approved and run', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write('rewrite-1')] }, { text: 'Written.' })
  const { run } = await ask(app, { session })
  const { data: page } = await app.client.GET('/api/approvals', {})
  expect(page.data[0]).toMatchObject({ status: 'pending' })
  await resume(app, session, { confirmation: 'approve' })
  const log = await events(run.id)
  for (const type of ['tool_call_confirmation', 'tool_call', 'tool_call_response'] as const) {
    const [shown] = ofType(log, type)
    expect(JSON.parse(shown?.tool_call.function.arguments ?? '')).toEqual({
      path: 'safe',
      content: 'x',
    })
  }
  expect(await files()).toContain('safe')
  await expectGoesOn(app, session)
})

test.each(['crash', 'slow', 'nonsense', 'misfit'])(
  'a hook that fails (%s) asks, also over approve-all, and the stream says why',
  async (way) => {
    const session = await newSession(app, { tools_approved: true })
    model.push({ toolCalls: [write(`${way}-1`)] }, { text: 'Then not.' })
    const { run } = await ask(app, { session })
    expect(run.waiting_for).toMatchObject({ kind: 'approval' })
    await resume(app, session, { confirmation: 'reject' })
    const log = await events(run.id)
    expect(ofType(log, 'warning').map(({ code }) => code)).toEqual(['hook_failed'])
    expect(await files()).not.toContain(`${way}-1`)
    await expectGoesOn(app, session)
  },
)

test('arguments that a person puts in place are shown to the hooks before they run', async () => {
  const session = await newSession(app)
  model.push({ toolCalls: [write('ask-2')] }, { text: 'Refused.' })
  const { run } = await ask(app, { session })
  await resume(app, session, {
    confirmation: 'approve',
    arguments: { path: 'deny-2', content: 'x' },
  })
  expect(ofType(await events(run.id), 'tool_call_response')[0]).toMatchObject({ state: 'denied' })
  expect(await files()).not.toContain('deny-2')
  await expectGoesOn(app, session)
})

test('what a hook says after a call is added to the result, and a message is for people', async () => {
  const session = await newSession(app, { tools_approved: true })
  model.push(
    { toolCalls: [{ name: 'list_directory', arguments: { path: '.' } }, write('note-1')] },
    { text: 'Seen.' },
  )
  const { run } = await ask(app, { session })
  const log = await events(run.id)
  expect(toldResults(app)[0]).toMatch(/\n\nLooked at \. True$/)
  expect(ofType(log, 'warning')[0]).toMatchObject({ code: 'hook_message', message: 'Take note' })
  await expectGoesOn(app, session)
})
