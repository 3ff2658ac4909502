import { expect, test } from 'vitest'
import { parseAgentFile } from '#agents/parse.ts'

/** The lines that an author sees, or `ok`. */
function check(text: string): string[] {
  const parsed = parseAgentFile(text, { environment: { TOKEN: 't' } })
  if (!('problems' in parsed)) return ['ok']
  return parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

function withRoot(...lines: string[]): string {
  return ['agents:', '  root:', ...lines.map((line) => `    ${line}`)].join('\n')
}

test.each([
  ['a server of the catalog', withRoot('toolsets: [{ type: mcp, ref: "docker:duckduckgo" }]')],
  [
    'a server that toolsets name, with tools of their own choice',
    `${withRoot('toolsets: [{ type: mcp, ref: search, tools: [find] }, { type: mcp, ref: code, env: { A: b } }]')}
mcps:
  search: { remote: { url: "https://search.example/mcp", headers: { Authorization: "Bearer \${env.TOKEN}" } } }
  code: { type: mcp, command: code-server, env: { KEY: "\${TOKEN}" } }`,
  ],
  [
    'the package of a command',
    withRoot('toolsets: [{ type: mcp, command: gopls, version: "golang/tools@v0.21.0" }]'),
  ],
  ['skills', withRoot('skills: true')],
  ['no skills', withRoot('skills: false')],
  ['skills of named places', withRoot('skills: [local, ./handbook]')],
  ['scripts of tools', withRoot('code_mode_tools: true', 'add_description_parameter: true')],
  [
    'commands as a list',
    withRoot('commands:', '  - fix: Fix it', '  - explain: { instruction: Explain it }'),
  ],
  [
    'commands after an edit',
    withRoot(
      'toolsets:',
      '  - type: filesystem',
      '    post_edit: [{ path: "*.go", cmd: "gofmt -w $path" }]',
    ),
  ],
  [
    'models that are not counted',
    'agents: { root: {} }\nmodels: { m: { provider: openai, model: gpt-5, track_usage: false } }',
  ],
])('%s load', (_title, text) => {
  expect(check(text)).toEqual(['ok'])
})

test.each([
  [
    'a reference to no server',
    `${withRoot('toolsets: [{ type: mcp, ref: serch }]')}\nmcps: { search: { command: x } }`,
    ['3:34 agents.root.toolsets.0.ref: no server serch under mcps; did you mean search?'],
  ],
  [
    'a server that refers to another',
    'agents: { root: {} }\nmcps: { a: { ref: b }, b: { command: x } }',
    ['2:19 mcps.a.ref: b is no server of a catalog; write docker:b, or command or remote'],
  ],
  [
    'a toolset that does not fit what it refers to',
    `${withRoot('toolsets: [{ type: mcp, ref: a, args: [x] }]')}\nmcps: { a: { remote: { url: "https://a.example" } } }`,
    [
      '3:16 agents.root.toolsets.0: with mcps.a: args, env, working_dir and version belong to a command',
    ],
  ],
  [
    'two sources of one server',
    withRoot('toolsets: [{ type: mcp, command: x, ref: "docker:y" }]'),
    ['3:16 agents.root.toolsets.0: give one of command, remote and ref'],
  ],
  [
    'a variable of a toolset that is not set',
    withRoot('toolsets: [{ type: mcp, command: x, env: { A: "${MISSING}" } }]'),
    ['3:51 agents.root.toolsets.0.env.A: the environment variable MISSING is not set'],
  ],
  [
    'skills from the web',
    withRoot('skills: [local, "https://skills.example"]'),
    ['3:21 agents.root.skills.1: skills from a URL are not supported; write local or a directory'],
  ],
  [
    'a command that stands twice',
    withRoot('commands:', '  - fix: Fix it', '  - fix: Fix that'),
    ['4:7 agents.root.commands: two commands have the same name'],
  ],
  [
    'an unknown field of a server',
    'agents: { root: {} }\nmcps: { a: { command: x, comand: y } }',
    ['2:26 mcps.a.comand: unknown field; did you mean command?'],
  ],
  [
    'an API that is not spoken',
    'agents: { root: {} }\nproviders: { p: { base_url: "https://p.example", api_type: openai_responses } }',
    ['2:60 providers.p.api_type: openai_responses is not supported; one of openai_chatcompletions'],
  ],
])('%s is told with its place', (_title, text, lines) => {
  expect(check(text)).toEqual(lines)
})

test('commands that were written as a list are the same mapping', () => {
  const parsed = parseAgentFile(withRoot('commands:', '  - fix: Fix it', '  - go: Go'), {
    environment: {},
  })
  if ('problems' in parsed) throw new Error('it does not load')
  expect(parsed.file.agents.root?.commands).toEqual({ fix: 'Fix it', go: 'Go' })
})
