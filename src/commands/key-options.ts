import { type Option, serveOptions } from './options.ts'

/** The flags of `keys`; where the keys are is said as for `serve`. */
export const keyOptions: readonly Option[] = [
  ...serveOptions.filter(({ name }) => name === 'data-dir' || name === 'database-url'),
  {
    name: 'url',
    group: 'Network',
    value: 'URL',
    variables: ['PARLEY_URL'],
    help: 'Ask this server instead, as http://127.0.0.1:8080; it holds its embedded database while it runs',
  },
  {
    name: 'token',
    group: 'Network',
    value: 'KEY',
    variables: ['PARLEY_TOKEN'],
    help: 'The key to show that server; needs the scope keys',
  },
  {
    name: 'name',
    group: 'Network',
    value: 'TEXT',
    variables: ['PARLEY_KEY_NAME'],
    help: 'What the new key is for',
  },
  {
    name: 'scopes',
    group: 'Network',
    value: 'SCOPES',
    many: true,
    variables: ['PARLEY_KEY_SCOPES'],
    help: 'What it may do: read, sessions, runs, approvals, agents:write, tools:write, code:write, keys, admin. Default: admin',
  },
  {
    name: 'owner',
    group: 'Network',
    value: 'NAME',
    variables: ['PARLEY_KEY_OWNER'],
    help: 'Whose sessions it sees. Default: local',
  },
  {
    name: 'tenant',
    group: 'Network',
    value: 'NAME',
    variables: ['PARLEY_KEY_TENANT'],
    help: 'The tenant of the keys, in the database itself; a server knows it by the key. Default: default',
  },
  {
    name: 'expires-in',
    group: 'Network',
    value: 'SECONDS',
    variables: ['PARLEY_KEY_EXPIRES_IN'],
    help: 'When the new key stops. Default: never',
  },
]
