import { conformanceOptions } from './conformance-options.ts'
import { doctorOptions } from './doctor-options.ts'
import { keyOptions } from './key-options.ts'
import type { Option } from './options.ts'
import { serveOptions } from './options.ts'

export const commandNames = [
  'serve',
  'validate',
  'push',
  'keys',
  'doctor',
  'conformance',
  'openapi',
  'version',
  'help',
] as const
export type CommandName = (typeof commandNames)[number]

/** The text for `parley --help`, or for one command. Ends with a newline. */
export function helpText(command?: CommandName): string {
  switch (command) {
    case 'serve':
      return serveHelp()
    case 'validate':
      return validateHelp
    case 'push':
      return pushHelp
    case 'keys':
      return keysHelp()
    case 'doctor':
      return doctorHelp()
    case 'conformance':
      return conformanceHelp()
    case 'openapi':
      return openapiHelp
    case 'version':
      return versionHelp
    case 'help':
    case undefined:
      return overview
  }
}

const overview = `Parley serves agents, written in YAML, over HTTP. Every step is a typed event, stored before it is seen.

Usage: parley COMMAND [ARGUMENTS]

Commands:
  serve [AGENTS…]     Serve agent files, directories of them and agents of registries;
                      without any, the examples
  validate FILE…      Check agent files without running them
  push FILE REF       Put an agent file into a registry: registry/name:tag
  keys ACT            Make, list and revoke the keys of callers
  doctor              Find out what keeps a server from running well
  conformance URL     Run the clients of others against a server
  openapi             Print the OpenAPI document of the API
  version             Print the version
  help [COMMAND]      Explain a command

First steps:
  parley serve                               the examples; no key is needed
  curl http://127.0.0.1:8080/api/agents      what is served
  open http://127.0.0.1:8080/docs            the API, to try and to read

Exit codes:
  0   it went well
  1   it could not start or go on (a port in use, no database)
  2   the command line is wrong
  78  a variable, the configuration or an agent file is wrong
`

const validateHelp = `Check agent files without running them. Each problem is a line FILE:LINE:COLUMN.

Usage: parley validate FILE…

A directory stands for the .yaml, .yml and .json files in it, and for TOML agents in it and one
level below.

Examples:
  parley validate agents/support.yaml
  parley validate agents

Exit codes: 0 all are right, 78 one is not.
`

const pushHelp = `Put an agent file into an OCI registry, where parley serve finds it.

Usage: parley push FILE REFERENCE [--insecure-registry HOST[:PORT]]

REFERENCE is registry/name:tag; without a registry it is on Docker Hub, without a tag it is latest.
The registry is shown what docker login has kept in the file config.json, else PARLEY_REGISTRY_TOKEN.
Plain HTTP is spoken with this machine and with --insecure-registry only.

Examples:
  parley push support.yaml registry.example.org/team/support:1.2
  parley serve registry.example.org/team/support:1.2 --pull-interval 5
`

const openapiHelp = `Print the OpenAPI 3.1 document of the API as JSON.

Usage: parley openapi

Example:
  parley openapi > openapi.json
`

const versionHelp = `Print the version.

Usage: parley version
`

function keysHelp(): string {
  return `Make, list and revoke keys. A key is printed once, alone on stdout; only its digest is kept.

Usage: parley keys create [FLAGS]
       parley keys list [FLAGS]
       parley keys revoke ID [FLAGS]

Without --url the keys are those of the database: DATABASE_URL, else the data directory, which a
running server holds.

Flags:
${keyOptions.map(optionText).join('')}
Examples:
  parley keys create --name 'shop backend' --scopes sessions,runs --owner shop
  parley keys list --url http://127.0.0.1:8080 --token pk_…
  parley keys revoke key_01k9zq6w0v6m3t8q4x1y2z3a4b
`
}

function doctorHelp(): string {
  return `Find out what keeps a server from running well, before it is started or while it runs.

Usage: parley doctor [AGENTS…] [FLAGS OF serve] [--json]
       parley doctor --stream URL [--key KEY] [--json]

The first looks at this machine as serve would use it, and changes nothing: the agent files, the
database with its migrations, clock and notifications, the models (a call of one token each, which
may cost a little), sandboxes, disk, open files, the port.

The second asks a running server, through whatever stands in front of it, for a stream, and says
whether its frames arrive one by one: a proxy that buffers, compresses or cuts silent streams is
named with what to change. It takes up to 15 s, makes a session and deletes it again.

Flags:
${doctorOptions.map(optionText).join('')}
Examples:
  DATABASE_URL=postgres://… parley doctor agents
  parley doctor --stream https://agents.example.org --key pk_… --json

Exit codes: 0 nothing failed (there may be warnings), 1 something did.
`
}

function conformanceHelp(): string {
  return `Run the clients that others wrote against a server, and say which of them it can talk to.

Usage: parley conformance URL [FLAGS]

The packages of OpenAI, AG-UI, the AI SDK, A2A and MCP as they are published, MCP's own conformance
suite, and the documented requests of cagent, Appam, pawan-api, ra and kawai. A package that is not
installed is skipped. Sessions are made, and the agent answers: with a key, it is spent on. An agent
without tools that act is the one to take.

Flags:
${conformanceOptions.map(optionText).join('')}
Examples:
  parley conformance http://127.0.0.1:8080
  parley conformance https://agents.example.org --key pk_… --agent support --suite openai

Exit codes: 0 all that was not skipped passed, 1 something failed.
`
}

function serveHelp(): string {
  const groups = [...new Set(serveOptions.map((option) => option.group))]
  return `Serve agent files and directories of them. Files are watched: an edit counts for the next run.

Usage: parley serve [AGENTS…] [FLAGS]

The name of an agent is its file's name without the extension. Without AGENTS, the examples are served.
What is no file and looks like registry/name:tag is pulled from that registry, and kept for starts
without a network; its name is the reference with _ for its separators, and .yaml. Such an agent may
do what one that is made over the API may, unless --enable-stdio is given.

${groups.map(groupText).join('\n')}
Every flag has a variable, named in brackets; the flag wins. Keys of model providers come from the
environment: OPENAI_API_KEY, or OPENAI_BASE_URL for any server that speaks Chat Completions. Without
a key or a local model server the built-in offline model answers.

Examples:
  parley serve support.yaml
  OPENAI_API_KEY=… parley serve agents --agent support
  parley serve registry.example.org/team/support:1 --pull-interval 5
  OPENAI_BASE_URL=http://127.0.0.1:11434/v1 parley serve agents
  parley serve agents --database-url postgres://parley@127.0.0.1/parley --listen :9000

The first SIGTERM or Ctrl-C lets running steps finish or hands them on; a second one ends at once.
`
}

function groupText(group: Option['group']): string {
  const options = serveOptions.filter((option) => option.group === group)
  return `${group}:\n${options.map(optionText).join('')}`
}

const helpColumn = 28

function optionText({ name, value, variables, help }: Option): string {
  const flag = `  --${name}${value ? ` ${value}` : ''}`
  const lines = wrap(`${help} [${variables.join(', ')}]`, 100 - helpColumn)
  const [first = '', ...rest] = lines
  const start =
    flag.length < helpColumn ? flag.padEnd(helpColumn) : `${flag}\n${' '.repeat(helpColumn)}`
  return `${[start + first, ...rest.map((line) => ' '.repeat(helpColumn) + line)].join('\n')}\n`
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
