import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { callOnce, type Look, ofAgent, type Probe, prompted } from './probe.ts'

/** The fields of `hooks:`. What a hook says shows in a different place for each kind. */
export const hookFields: Record<string, Probe> = {
  ...toolHookFields('pre_tool_use', 'echo Said by the hook >&2; exit 2'),
  ...toolHookFields('post_tool_use', 'echo Said by the hook'),
  'agents.*.hooks.session_start.command': ofHook(
    { session_start: [{ command: 'echo Said by the hook' }] },
    { unlike: {}, look: prompted('Said by the hook'), shows: true },
  ),
  'agents.*.hooks.session_start.timeout': ofHook(
    { session_start: [{ command: 'sleep 2; echo Said by the hook', timeout: 1 }] },
    {
      unlike: { session_start: [{ command: 'sleep 2; echo Said by the hook' }] },
      look: prompted('Said by the hook'),
      shows: false,
    },
  ),
  ...silentHookFields('session_end', true),
  ...silentHookFields('on_user_input', false),
}

/** A command for the calls of a tool; the model is told what it said. */
function toolHookFields(kind: string, command: string): Record<string, Probe> {
  const heard: Look = async (subject) =>
    JSON.stringify((await callOnce(subject, 'list_directory', {})).requests.at(-1)?.body.messages)
  const says = expect.stringContaining('Said by the hook')
  const of = (hook: object, unlike: object, shows: unknown) =>
    ofHook({ [kind]: [hook] }, { unlike: { [kind]: [unlike] }, look: heard, shows })
  const hooks = [{ command }]
  const slow = { command: `sleep 2; ${command}` }
  const path = `agents.*.hooks.${kind}`
  return {
    [`${path}.matcher`]: of({ matcher: 'list_.*', hooks }, { matcher: 'write_.*', hooks }, says),
    [`${path}.hooks.command`]: of({ hooks }, { hooks: [{ command: 'true' }] }, says),
    [`${path}.hooks.timeout`]: of(
      { hooks: [{ ...slow, timeout: 1 }] },
      { hooks: [slow] },
      expect.not.stringContaining('Said by the hook'),
    ),
  }
}

/** A command whose output nobody is told: it leaves a file, also when it is stopped. */
function silentHookFields(kind: string, approved: boolean): Record<string, Probe> {
  const leaves = (text: string) => `echo ${text} > hook.part; mv hook.part hook.txt`
  const slow = `trap '${leaves('stopped')}; exit' TERM; sleep 2 & wait; ${leaves('whole')}`
  const of = (hook: object, unlike: object, shows: string) =>
    ofHook({ [kind]: [hook] }, { unlike: { [kind]: [unlike] }, look: fileLeft(approved), shows })
  const path = `agents.*.hooks.${kind}`
  const mine = { command: leaves('mine') }
  return {
    [`${path}.command`]: of(mine, { command: leaves('other') }, 'mine\n'),
    [`${path}.timeout`]: of({ command: slow, timeout: 1 }, { command: slow }, 'stopped\n'),
  }
}

/** What a hook leaves behind; it may run on when the answer is there. */
function fileLeft(approved: boolean): Look {
  return async (subject) => {
    const file = join(subject.app.directory, 'hook.txt')
    await rm(file, { force: true })
    await callOnce(subject, 'create_directory', { path: 'hooked' }, { approved })
    const read = () => readFile(file, 'utf8').catch(() => null)
    await expect.poll(read, { timeout: 10_000 }).not.toBe(null)
    return read()
  }
}

type Difference = { unlike: object; look: Look; shows: unknown }

function ofHook(hooks: object, { unlike, look, shows }: Difference): Probe {
  const files = { toolsets: [{ type: 'filesystem', path: './files' }] }
  return ofAgent({ hooks }, { unlike: { hooks: unlike }, both: files, look, shows })
}
