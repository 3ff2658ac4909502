import type { Option } from './options.ts'

/** The flags of `doctor` beside those of `serve`. */
export const doctorOptions: readonly Option[] = [
  {
    name: 'stream',
    group: 'Network',
    value: 'URL',
    variables: ['PARLEY_DOCTOR_STREAM'],
    help: 'Look at the way to a running server instead, as its callers see it',
  },
  {
    name: 'key',
    group: 'Network',
    value: 'KEY',
    variables: ['PARLEY_TOKEN'],
    help: 'The key to show that server; needs the scope sessions',
  },
  {
    name: 'json',
    group: 'Logs',
    variables: ['PARLEY_DOCTOR_JSON'],
    help: 'Print one JSON object',
  },
]
