import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { AgentFile } from '#contract/agent-file.ts'
import { startApp } from '../support/app.ts'
import { agentFields } from './agent-fields.ts'
import { fieldPaths } from './field-paths.ts'
import { fileFields } from './file-fields.ts'
import { hookFields } from './hook-fields.ts'
import { createSubject, type Playlist, type ProbeOrNone } from './probe.ts'
import { startService } from './service.ts'
import { toolsetFields } from './toolset-fields.ts'

/**
 * Every field of the agent file, and what shows that it does something.
 *
 * A new field of the contract fails `every field has a probe` until it has one: add it, under the
 * path that the failure names, to the table of its part (`file-fields.ts`, `agent-fields.ts`,
 * `toolset-fields.ts`). A probe is two files that differ in the field, where to look, and what is
 * seen there with the field; seen without it, the same fails. A new type of toolset needs a sample
 * in `toolset-samples.ts`; from that the probes of the fields that all toolsets have are made.
 * Whether a field is shown in the configuration again is no effect, but for what is there for people.
 */
const service = await startService()
const entries: Record<string, ProbeOrNone> = {
  ...fileFields,
  ...agentFields,
  ...hookFields,
  ...toolsetFields(service.url),
}
const probes = Object.entries(entries).flatMap(([path, probe], index) =>
  probe === 'not used' ? [] : [{ path, ...probe, name: `probe-${index}` }],
)
const playlist: Playlist = { next: [] }
const app = await startApp({
  lifetime: 'file',
  agents: Object.fromEntries(
    probes.flatMap(({ name, file, unlike }) => [
      [`${name}-with`, toText(file)],
      [`${name}-without`, toText(unlike)],
    ]),
  ),
  script: () => playlist.next.shift() ?? { text: 'Done' },
  flags: ['--enable-shell', '--enable-code', '--allow-host', '127.0.0.1'],
  environment: {
    PATH: process.env.PATH ?? '',
    PROBE_KEY: 'probe-secret',
    PROBE_SEARCH_KEY: 'secret',
    SERPER_API_KEY: 'another',
    TAVILY_API_KEY: 'secret',
  },
  prepare: writeFiles,
})

test('every field has a probe, and every probe a field', () => {
  expect(Object.keys(entries).toSorted()).toEqual(fieldPaths(AgentFile))
})

test.each(probes)('$path does something', async ({ name, look, shows }) => {
  expect(await look(createSubject(app, `${name}-with`, playlist))).toEqual(shows)
  expect(await look(createSubject(app, `${name}-without`, playlist))).not.toEqual(shows)
})

/** The comment makes `startApp` fill in the address of the model, and add nothing. */
function toText(file: object): string {
  return `# {base_url}\n${JSON.stringify(file)}`
}

/** What the files of the probes name. */
async function writeFiles(directory: string): Promise<void> {
  const files = {
    'files/prompt.txt': 'From the file.',
    'files/tool.js': "export const execute = () => 'from the file'",
    'files/tool.py': "def execute(args):\n    return 'from the file'",
    'files/openapi.json': JSON.stringify({
      openapi: '3.0.3',
      info: { title: 'File', version: '1' },
      paths: { '/echo': { get: { operationId: 'fromFile', responses: {} } } },
    }),
    'skills/knit/SKILL.md': '---\nname: knit\ndescription: Knits socks\n---\nTake wool.',
    'other/inside.txt': 'inside',
    'ignoring/.gitignore': 'hidden.txt',
    'ignoring/hidden.txt': 'hidden',
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(directory, dirname(path)), { recursive: true })
    await writeFile(join(directory, path), text)
  }
}
