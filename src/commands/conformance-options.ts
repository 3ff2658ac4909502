import { suites } from './conformance/suites.ts'
import type { Option } from './options.ts'

/** The flags of `conformance`. */
export const conformanceOptions: readonly Option[] = [
  {
    name: 'key',
    group: 'Network',
    value: 'KEY',
    variables: ['PARLEY_TOKEN'],
    help: 'What to show the server; needs the scopes sessions and runs',
  },
  {
    name: 'agent',
    group: 'Agents',
    value: 'NAME',
    variables: ['PARLEY_AGENT'],
    help: 'The agent to talk to. Default: the only one, else default, else the first by name',
  },
  {
    name: 'suite',
    group: 'Network',
    value: 'NAME',
    many: true,
    variables: ['PARLEY_CONFORMANCE_SUITE'],
    help: `Only this suite: ${suites.map(({ name }) => name).join(', ')}`,
  },
  {
    name: 'json',
    group: 'Logs',
    variables: ['PARLEY_CONFORMANCE_JSON'],
    help: 'Print what was found as JSON',
  },
]
