import { expect, test } from 'vitest'
import { toolsetTypes } from '#agents/known-fields.ts'
import { parseAgentFile } from '#agents/parse.ts'

const environment = { HOST: 'model.example' }

/** The lines that an author sees, or `ok`. */
function check(text: string): string[] {
  const parsed = parseAgentFile(text, { environment })
  if (!('problems' in parsed)) return ['ok']
  return parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

const broken: { title: string; text: string; lines: string[] }[] = [
  {
    title: 'an unknown field names the nearest one',
    text: 'agents:\n  root:\n    modle: openai/x\n',
    lines: ['3:5 agents.root.modle: unknown field; did you mean model?'],
  },
  {
    title: 'swapped, missing and doubled letters in every part of the file are found at once',
    text: [
      'agent_s: {}',
      'agents:',
      '  root:',
      '    toolset: []',
      '    toolsets:',
      '      - type: todo',
      '        sharde: true',
      '    permissions: { alow: [x] }',
      '    structured_output: { name: x, shema: {} }',
      'models:',
      '  fast: { model: openai/x, temprature: 1 }',
      'providers:',
      '  local: { baseurl: http://127.0.0.1 }',
      'metadata: { autor: me }',
    ].join('\n'),
    lines: [
      '1:1 agent_s: unknown field; did you mean agents?',
      '4:5 agents.root.toolset: unknown field; did you mean toolsets?',
      '7:9 agents.root.toolsets.0.sharde: unknown field; did you mean shared?',
      '8:20 agents.root.permissions.alow: unknown field; did you mean allow?',
      '9:24 agents.root.structured_output.schema: missing; a mapping is needed',
      '9:35 agents.root.structured_output.shema: unknown field; did you mean schema?',
      '11:28 models.fast.temprature: unknown field; did you mean temperature?',
      '13:10 providers.local.base_url: missing; text is needed',
      '13:12 providers.local.baseurl: unknown field; did you mean base_url?',
      '14:13 metadata.autor: unknown field; did you mean author?',
    ],
  },
  {
    title: 'a field that resembles none lists what is known',
    text: 'agents:\n  root: {}\nmetadata:\n  x: 1\n',
    lines: [
      '4:3 metadata.x: unknown field; known are author, license, description, readme, version',
    ],
  },
  {
    title: 'fields of a later version are refused as such',
    text: 'agents:\n  root:\n    toolsets:\n      - { type: filesystem, toon: ".*" }\nmodels:\n  fast:\n    model: openai/x\n    routing: []\n',
    lines: [
      '4:29 agents.root.toolsets.0.toon: not supported yet',
      '8:5 models.fast.routing: not supported yet',
    ],
  },
  {
    title: 'toolsets are unknown, or not supported',
    text: 'agents:\n  root:\n    toolsets:\n      - type: filesistem\n      - type: think\n      - type: lsp\n      - path: .\n    rag: [docs]\n',
    lines: [
      '4:15 agents.root.toolsets.0.type: unknown toolset "filesistem"; did you mean filesystem?',
      '6:15 agents.root.toolsets.2.type: the toolset lsp is not supported',
      `7:9 agents.root.toolsets.3.type: missing; one of ${toolsetTypes.join(', ')}`,
      '8:5 agents.root.rag: rag is not supported',
    ],
  },
  {
    title: 'background agents need sub_agents',
    text: 'agents:\n  root:\n    toolsets: [{ type: background_agents }]\n',
    lines: [
      '3:24 agents.root.toolsets.0.type: the agent has nobody to give tasks to; name agents under sub_agents',
    ],
  },
  {
    title: 'a tool that the set does not have names the nearest one',
    text: 'agents:\n  root:\n    toolsets: [{ type: filesystem, tools: [read_fil] }]\n',
    lines: [
      '3:44 agents.root.toolsets.0.tools.0: "read_fil" is not known here; did you mean read_file?',
    ],
  },
  {
    title: 'values of the wrong kind say what is expected and what is there',
    text: 'agents:\n  root:\n    max_iterations: many\n    thinking: 3\n    instruction: [a]\n    description:\n    sub_agents: root\n    thinking_budget: hihg\n',
    lines: [
      '3:21 agents.root.max_iterations: expected a number, found "many"',
      '4:15 agents.root.thinking: expected true or false, found 3',
      '5:18 agents.root.instruction: expected text or a mapping, found a list',
      '6:17 agents.root.description: expected text, found nothing',
      '7:17 agents.root.sub_agents: expected a list, found "root"',
      '8:22 agents.root.thinking_budget: expected none, minimal, low, medium, high, xhigh, max, adaptive or a number, found "hihg"',
    ],
  },
  {
    title: 'numbers outside their range say the range',
    text: 'agents:\n  root: { max_iterations: 1.5 }\n  big: { max_iterations: 2000 }\nmodels:\n  fast: { model: openai/x, temperature: 3, top_p: -1 }\n',
    lines: [
      '2:27 agents.root.max_iterations: expected a whole number, found 1.5',
      '3:26 agents.big.max_iterations: too big: expected number to be <=1000',
      '5:41 models.fast.temperature: too big: expected number to be <=2',
      '5:51 models.fast.top_p: too small: expected number to be >=0',
    ],
  },
  {
    title: 'references lead to agents and models of the file',
    text: 'agents:\n  root:\n    model: fats\n    sub_agents: [./other.yaml, root:other, researcher, researcher]\n    handoffs: [reseacher, other/agent]\n  researcher:\n    model: gpt\nmodels:\n  fast: { provider: openai, model: gpt-5-mini }\n  bare: { model: gpt-5-mini }\n',
    lines: [
      '3:12 agents.root.model: no model fats under models; did you mean fast?',
      "4:18 agents.root.sub_agents.0: ./other.yaml is a path; write the agent's name, and serve its file",
      '4:32 agents.root.sub_agents.1: there are two agents root; give it another name: NAME:other',
      '4:56 agents.root.sub_agents.3: researcher is listed twice',
      '5:16 agents.root.handoffs.0: no agent reseacher in this file; did you mean researcher?',
      '5:27 agents.root.handoffs.1: no agent other/agent in this file; agents of other sources can be named under sub_agents',
      '7:12 agents.researcher.model: no model gpt under models; write provider/model',
      '10:18 models.bare.model: no provider; add provider: or write provider/model',
    ],
  },
  {
    title: 'toolsets that send requests say where to, with which key, and from which document',
    text: 'agents:\n  root:\n    toolsets:\n      - { type: api, name: find }\n      - { type: openapi, url: "https://a.example/o.json", file: o.json }\n      - { type: web_search, provider: brave }\n      - { type: web_search, provider: searxng }\n      - { type: model_picker, models: [fast], model: quick }\n      - { type: api, name: find, endpoint: "https://a.example", api_config: { name: a, endpoint: "https://a.example" } }\n',
    lines: [
      '4:9 agents.root.toolsets.0: name and endpoint are needed',
      '5:9 agents.root.toolsets.1: give either url or file',
      '7:9 agents.root.toolsets.3.url: url is needed for searxng',
      '9:9 agents.root.toolsets.5: what stands in api_config may not stand beside it',
    ],
  },
  {
    title: 'the key of a search provider is there, and models are known',
    text: 'agents:\n  root:\n    toolsets:\n      - { type: web_search, provider: brave }\n      - { type: web_search, provider: serper, token_key: MY_KEY }\n      - { type: model_picker, models: [fast], model: quick }\n',
    lines: [
      '4:39 agents.root.toolsets.0.provider: the environment variable BRAVE_API_KEY is not set; it holds the key of brave',
      '5:58 agents.root.toolsets.1.token_key: the environment variable MY_KEY is not set; it holds the key of serper',
      '6:40 agents.root.toolsets.2.models.0: no model fast under models; write provider/model',
      '6:54 agents.root.toolsets.2.model: no model quick under models; write provider/model',
    ],
  },
  {
    title: 'each model of a chain and each agent of a handoff is looked up',
    text: 'agents:\n  root:\n    model: "openai/a,fast"\n    fallback: { models: [slow] }\n    handoffs: [other]\n',
    lines: [
      '3:12 agents.root.model: no model fast under models; write provider/model',
      '4:26 agents.root.fallback.models.0: no model slow under models; write provider/model',
      '5:16 agents.root.handoffs.0: no agent other in this file; the agents are root',
    ],
  },
  {
    title: 'patterns and hosts have a form',
    text: 'agents:\n  root:\n    permissions: { allow: ["read file", "shell:git*"], deny: ["fetch:urls=https://*"] }\n    toolsets: [{ type: fetch, allow: ["https://example.org/"], deny: ["*.example.org"] }]\n',
    lines: [
      '3:28 agents.root.permissions.allow.0: "read file" is no pattern; write tool or tool:argument=glob',
      '3:41 agents.root.permissions.allow.1: "shell:git*" is no pattern; write tool or tool:argument=glob',
      '4:39 agents.root.toolsets.0.allow.0: "https://example.org/" is no host; write example.org or *.example.org',
    ],
  },
  {
    title: 'a secret stands only where it is not shown, and must be there',
    text: 'agents:\n  root:\n    instruction: Use ${env.TOKEN}\nproviders:\n  local: { base_url: "http://${env.HOST}/v1" }\n  far: { base_url: "http://${env.NOWHERE}/v1" }\n  user: { base_url: "http://${headers.X-Host}/v1" }\n',
    lines: [
      '3:18 agents.root.instruction: ${env.TOKEN} may stand only in base_url and provider_opts, and in headers and env of toolsets: elsewhere it would be shown or sent as text',
      '6:20 providers.far.base_url: the environment variable NOWHERE is not set',
      '7:21 providers.user.base_url: ${headers.X-Host} may stand only in headers of toolsets, which forward it',
    ],
  },
  {
    title: 'names of agents are words',
    text: 'agents:\n  "a b": {}\n  7: {}\n  ok: {}\n',
    lines: [
      '2:3 agents.a b: a name is letters, digits, _ and -, and starts with a letter',
      '3:3 agents.7: a name is letters, digits, _ and -, and starts with a letter',
    ],
  },
  {
    title: 'a key that would change a prototype is refused',
    text: 'agents:\n  root: {}\n  __proto__: { model: x }\n',
    lines: ['3:3 agents.__proto__: not a possible name'],
  },
  {
    title: 'text that no database stores is refused',
    text: 'agents:\n  root:\n    description: "a\\0b"\n',
    lines: ['3:18 agents.root.description: contains U+0000 or half of a surrogate pair'],
  },
  {
    title: 'the same key twice is an error',
    text: 'agents:\n  root: {}\n  root: {}\n',
    lines: ['3:3 the same key twice in one mapping; keep one'],
  },
  {
    title: 'a second document is an error',
    text: 'agents:\n  root: {}\n---\nagents: {}\n',
    lines: ['3:1 more than one document; write one team a file and remove the ---'],
  },
  {
    title: 'bad indentation is an error of YAML',
    text: 'agents:\n\troot: {}\n',
    lines: ['2:1 not valid YAML: Tabs are not allowed as indentation'],
  },
  {
    title: 'a tag is an error',
    text: 'agents:\n  root: !!js/function x\n',
    lines: ['2:9 tags are not supported: Unresolved tag: tag:yaml.org,2002:js/function'],
  },
  {
    title: 'an alias to nothing is an error',
    text: 'agents:\n  root: *nowhere\n',
    lines: [
      '1:1 not valid YAML: Unresolved alias (the anchor must be set before the alias): nowhere',
    ],
  },
  {
    title: 'an empty file says what is needed',
    text: '# nothing\n',
    lines: ['1:1 the file is empty; agents: is needed'],
  },
  {
    title: 'a text is no agent file',
    text: 'hello',
    lines: ['1:1 expected a mapping, found "hello"'],
  },
  {
    title: 'a file without agents is refused',
    text: 'version: "1"\n',
    lines: ['1:1 agents: missing; a mapping is needed'],
  },
  {
    title: 'no agents is too few',
    text: 'agents: {}\n',
    lines: ['1:9 agents: at least one agent is needed'],
  },
  {
    title: 'a version from the future is refused',
    text: 'version: 12\nagents: { root: {} }\n',
    lines: ['1:10 version: version 12 of the format is not known; write version: "1"'],
  },
]

test.each(broken)('$title', ({ text, lines }) => {
  expect(check(text)).toEqual(lines)
})

test('aliases that expand to too much are refused', () => {
  const levels = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef']) {
    levels.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`)
  }
  expect(check(levels.join('\n'))).toEqual(['1:1 the aliases expand to too much'])
})

test('an alias to itself is refused', () => {
  expect(check('agents:\n  root: &root\n    <<: *root\n')).toEqual([
    '1:1 the aliases expand to too much',
  ])
})

test('nesting without end is refused', () => {
  expect(check('['.repeat(100_000))).toEqual(['1:1 nested too deeply'])
})

test('a file of more than a mebibyte is refused', () => {
  expect(check(`# ${'x'.repeat(1024 * 1024)}\nagents: { root: {} }`)).toEqual([
    '1:1 the file is larger than 1 MiB; move long texts to files (instruction: file:…)',
  ])
})

test('a problem in a merged mapping is placed where it is written', () => {
  const text = 'agents:\n  root: &base\n    modle: openai/x\n  other:\n    <<: *base\n'
  expect(check(text)).toEqual([
    '3:5 agents.root.modle: unknown field; did you mean model?',
    '3:5 agents.other.modle: unknown field; did you mean model?',
  ])
})

test('JSON is an agent file too', () => {
  const parsed = parseAgentFile('{\n\t"agents": {"root": {"model": "openai/x"}}\n}', {
    environment,
  })
  expect('file' in parsed && parsed.file).toEqual({ agents: { root: { model: 'openai/x' } } })
})

test('zero means no limit and both forms of a file instruction are the same', () => {
  const text =
    'agents:\n  root: { max_iterations: 0, num_history_items: 0, instruction: { file: a.md } }\n  b: { instruction: "file:a.md" }\n'
  const parsed = parseAgentFile(text, { environment })
  expect('file' in parsed && parsed.file.agents).toEqual({
    root: { instruction: 'file:a.md' },
    b: { instruction: 'file:a.md' },
  })
})

test('agents that give each other tasks are allowed', () => {
  expect(check('agents:\n  a: { sub_agents: [b] }\n  b: { sub_agents: [a, b] }\n')).toEqual(['ok'])
})
