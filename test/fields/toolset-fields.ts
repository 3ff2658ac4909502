import { expect } from 'vitest'
import { codeFields } from './code-fields.ts'
import { inToolset } from './in-toolset.ts'
import { listFields } from './list-fields.ts'
import {
  callOnce,
  fileOf,
  type Look,
  offered,
  ofToolset,
  type Probe,
  type ProbeOrNone,
  prompted,
  served,
  told,
  toolsOf,
} from './probe.ts'
import { remoteFields } from './remote-fields.ts'
import { type Sample, toolsetSamples } from './toolset-samples.ts'

/** The fields of all toolsets; remote ones are at `url`. */
export function toolsetFields(url: string): Record<string, ProbeOrNone> {
  const common = Object.entries(toolsetSamples(url)).flatMap(([type, sample]) =>
    Object.entries(commonFields(type, sample)),
  )
  return {
    ...Object.fromEntries(common),
    ...inToolset('filesystem', filesystemFields),
    ...inToolset('fetch', fetchFields(url)),
    ...inToolset('model_picker', modelPickerFields),
    ...inToolset('shell', shellFields),
    ...inToolset('script', scriptFields),
    ...remoteFields(url),
    ...codeFields,
    ...listFields,
  }
}

/** The fields that every toolset has. */
function commonFields(
  type: string,
  { entry, call, single, agent = {} }: Sample,
): Record<string, Probe> {
  const { name, args = {} } = call
  const beside = { agents: { helper: { model: 'scripted', description: 'Helps' } } }
  const withEntry = (own: object) =>
    fileOf({ ...agent, toolsets: [{ type, ...entry, ...own }] }, beside)
  const of = (field: object, look: Look, shows: unknown, unlike = {}): Probe => ({
    file: withEntry(field),
    unlike: withEntry(unlike),
    look,
    shows,
  })
  // Of a set of one tool, naming that one leaves everything as it is; naming another does not.
  const others = single ? { tools: ['no_such_tool'] } : {}
  const own: Look = async (subject) =>
    ((await offered(subject)) as string[]).filter((each) => each !== 'transfer_task')
  const names: Look = async (subject) => ((await served(subject)) ? own(subject) : 'refused')
  return inToolset(type, {
    tools: of({ tools: [name] }, names, [name], others),
    instruction: of({ instruction: 'Mind the gap.' }, prompted('Mind the gap.'), true),
    model: of({ model: 'scripted/after' }, modelAfter(name, args), 'after'),
    defer: of({ defer: true }, own, ['search_tools']),
  })
}

/** The model of the step after a call; whoever is asked something in it declines. */
function modelAfter(name: string, args: object): Look {
  return async (subject) => {
    const { run, session } = await callOnce(subject, name, args)
    const { client, model, events } = subject.app
    if (run.status === 'waiting') {
      const path = { session }
      await client.POST('/api/sessions/{session}/elicitation', {
        params: { path },
        body: { action: 'decline' },
      })
      await events(run.id)
    }
    return model.requests.at(-1)?.body.model
  }
}

const listing = told('list_directory')

const filesystemFields = {
  path: ofToolset(
    'filesystem',
    { path: './other' },
    { look: listing, shows: 'inside.txt (6 bytes)' },
  ),
  ignore_vcs: ofToolset(
    'filesystem',
    { ignore_vcs: true },
    {
      unlike: { ignore_vcs: false },
      both: { path: './ignoring' },
      look: async (subject) => String(await listing(subject)).includes('hidden.txt'),
      shows: false,
    },
  ),
  'post_edit.path': ofPostEdit({ path: '*.txt' }, { path: '*.md' }),
  'post_edit.cmd': ofPostEdit({ cmd: 'echo formatted > "$path"' }, { cmd: 'true' }),
  read_only: ofToolset(
    'filesystem',
    { read_only: true },
    {
      look: async (subject) => ((await offered(subject)) as string[]).includes('write_file'),
      shows: false,
    },
  ),
}

/** Whether a file that was written is read as the command after it left it. */
function ofPostEdit(field: object, unlike: object): Probe {
  const command = { path: '*.txt', cmd: 'echo formatted > "$path"' }
  return ofToolset(
    'filesystem',
    { post_edit: [{ ...command, ...field }] },
    {
      unlike: { post_edit: [{ ...command, ...unlike }] },
      both: { path: './files' },
      look: async (subject) => {
        const path = `${subject.agent}.txt`
        await callOnce(subject, 'write_file', { path, content: 'as written' })
        return (await callOnce(subject, 'read_file', { path })).output
      },
      shows: expect.stringContaining('formatted'),
    },
  )
}

function fetchFields(url: string) {
  const reading =
    (page: string): Look =>
    async (subject) => {
      const { output } = await callOnce(subject, 'fetch', { urls: [url + page] })
      return String(output).includes('HTTP 200') ? 'read' : 'not read'
    }
  const read = reading('/echo')
  return {
    allow: ofToolset('fetch', { allow: ['example.org'] }, { look: read, shows: 'not read' }),
    deny: ofToolset('fetch', { deny: ['127.0.0.1'] }, { look: read, shows: 'not read' }),
    timeout: ofToolset('fetch', { timeout: 0.2 }, { look: reading('/slow'), shows: 'not read' }),
  }
}

const modelPickerFields = {
  models: ofToolset(
    'model_picker',
    { models: ['scripted/strong'] },
    {
      unlike: { models: ['scripted/weak'] },
      look: told('change_model', { model: 'scripted/strong' }),
      shows: 'You go on with scripted/strong.',
    },
  ),
}

const shellFields = {
  path: ofToolset(
    'shell',
    { path: './other' },
    { look: told('shell', { cmd: 'ls' }), shows: 'inside.txt\n' },
  ),
  env: ofToolset(
    'shell',
    { env: { PROBE: 'yes' } },
    { look: told('shell', { cmd: 'echo "$PROBE"' }), shows: 'yes\n' },
  ),
}

const tool: Look = async ({ run }) => toolsOf(await run())[0]
const word = { word: { type: 'string' } }

const scriptFields = {
  'shell.*.cmd': ofScript({ cmd: 'echo there' }, { look: told('hi'), shows: 'there\n' }),
  'shell.*.description': ofScript(
    { description: 'Says hi' },
    { look: tool, shows: expect.objectContaining({ description: 'Says hi' }) },
  ),
  'shell.*.args': ofScript(
    { cmd: 'echo "$word"', args: word },
    {
      unlike: { cmd: 'echo "$word"' },
      look: told('hi', { word: 'hello' }),
      shows: 'hello\n',
    },
  ),
  'shell.*.required': ofScript(
    { args: word, required: [] },
    { unlike: { args: word }, look: told('hi'), shows: 'hi\n' },
  ),
  'shell.*.env': ofScript(
    { cmd: 'echo "$PROBE"', env: { PROBE: 'yes' } },
    { unlike: { cmd: 'echo "$PROBE"' }, look: told('hi'), shows: 'yes\n' },
  ),
  'shell.*.working_dir': ofScript(
    { cmd: 'ls', working_dir: './other' },
    { unlike: { cmd: 'ls' }, look: told('hi'), shows: 'inside.txt\n' },
  ),
}

type Fields = Record<string, unknown>

function ofScript(
  field: Fields,
  { look, shows, unlike = {} }: Pick<Probe, 'look' | 'shows'> & { unlike?: Fields },
): Probe {
  const withScript = (own: Fields) => ({ shell: { hi: { cmd: 'echo hi', ...own } } })
  return ofToolset('script', withScript(field), { unlike: withScript(unlike), look, shows })
}
