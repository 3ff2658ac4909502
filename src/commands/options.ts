/** A flag of `serve`. Each can be given as an environment variable too; the flag wins. */
export type Option = {
  name: OptionName | KeyOptionName | DoctorOptionName | ConformanceOptionName
  group: 'Agents' | 'Models' | 'Storage' | 'Network' | 'Logs'
  /** What the value is called in the help; a flag without a value is a switch. */
  value?: string
  /** May be given several times; commas part several in the variable. */
  many?: true
  /** The first that is set counts. */
  variables: readonly [string, ...string[]]
  help: string
}

export type OptionName =
  | 'agent'
  | 'agents-writable'
  | 'peers'
  | 'workspace'
  | 'config'
  | 'allow-host'
  | 'pull-interval'
  | 'insecure-registry'
  | 'enable-stdio'
  | 'enable-shell'
  | 'enable-code'
  | 'no-titles'
  | 'max-run-seconds'
  | 'max-run-tool-calls'
  | 'fake'
  | 'record'
  | 'data-dir'
  | 'database-url'
  | 'archive-url'
  | 'compact-after'
  | 'event-retention'
  | 'session-timeout'
  | 'listen'
  | 'as'
  | 'no-dialect'
  | 'dialect-approvals'
  | 'http-token'
  | 'jwks-url'
  | 'jwt-audience'
  | 'jwt-issuer'
  | 'jwt-tenant-claim'
  | 'jwt-subject-claim'
  | 'jwt-scopes-claim'
  | 'cors-origin'
  | 'insecure-no-auth'
  | 'rate-limit'
  | 'trust-proxy'
  | 'max-body'
  | 'max-streams'
  | 'max-key-streams'
  | 'max-key-runs'
  | 'approval-timeout'
  | 'instance-name'
  | 'log-level'
  | 'log-format'
  | 'metrics-listen'

/** The flags that only `doctor` has. */
export type DoctorOptionName = 'json' | 'stream' | 'key'

/** The flag that only `conformance` has. */
export type ConformanceOptionName = 'suite'

/** The flags that only `keys` has. */
export type KeyOptionName = 'url' | 'token' | 'name' | 'scopes' | 'owner' | 'tenant' | 'expires-in'

export const serveOptions: readonly Option[] = [
  {
    name: 'agent',
    group: 'Agents',
    value: 'NAME',
    variables: ['PARLEY_AGENT'],
    help: 'The agent for callers who name none. Default: the only one, else default, else the first by name',
  },
  {
    name: 'agents-writable',
    group: 'Agents',
    value: 'DIR',
    variables: ['PARLEY_AGENTS_WRITABLE'],
    help: 'Serve this directory too, and let the API change and make agents in it. Default: new ones go to the database',
  },
  {
    name: 'workspace',
    group: 'Agents',
    value: 'DIR',
    variables: ['PARLEY_WORKSPACE'],
    help: "Sessions' working_dir must lie in it. Default: the current directory",
  },
  {
    name: 'config',
    group: 'Agents',
    value: 'FILE',
    variables: ['PARLEY_CONFIG'],
    help: 'A pawan.toml: model and permissions for those who come over the wire of pawan. Default: the one in the workspace',
  },
  {
    name: 'allow-host',
    group: 'Agents',
    value: 'HOST[:PORT]',
    many: true,
    variables: ['PARLEY_ALLOW_HOST'],
    help: 'Let tools reach this internal host; may be repeated. Default: public addresses only',
  },
  {
    name: 'as',
    group: 'Network',
    value: 'NAME',
    variables: ['PARLEY_AS'],
    help: "Stand in for another server at the root, on its port; Parley's own API moves under /parley",
  },
  {
    name: 'no-dialect',
    group: 'Network',
    value: 'NAME',
    many: true,
    variables: ['PARLEY_NO_DIALECT'],
    help: 'Does not speak this dialect or protocol: one of docs/dialects.md',
  },
  {
    name: 'dialect-approvals',
    group: 'Network',
    value: 'deny|wait',
    variables: ['PARLEY_DIALECT_APPROVALS'],
    help: 'What becomes of a call that must be approved, for clients that cannot. Default: deny',
  },
  {
    name: 'peers',
    group: 'Network',
    value: 'FILE',
    variables: ['PARLEY_PEERS'],
    help: "Servers that belong together, in TOML. Default: aegis/aegis-net.toml in the user's configuration",
  },
  {
    name: 'enable-code',
    group: 'Agents',
    variables: ['PARLEY_ENABLE_CODE'],
    help: 'Run Python and JavaScript tools, isolated; Python needs bubblewrap and python3',
  },
  {
    name: 'enable-shell',
    group: 'Agents',
    variables: ['PARLEY_ENABLE_SHELL'],
    help: 'Let agents run commands as the user that the server runs as: the toolsets shell and script',
  },
  {
    name: 'enable-stdio',
    group: 'Agents',
    variables: ['PARLEY_ENABLE_STDIO'],
    help: 'Trust agents from registries like files: they may start programs and use variables of the server',
  },
  {
    name: 'pull-interval',
    group: 'Agents',
    value: 'MINUTES',
    variables: ['PARLEY_PULL_INTERVAL'],
    help: 'Pull agents from registries again so often. Default: only at start',
  },
  {
    name: 'insecure-registry',
    group: 'Agents',
    value: 'HOST[:PORT]',
    many: true,
    variables: ['PARLEY_INSECURE_REGISTRY'],
    help: 'Speak plain HTTP with this registry; may be repeated. Default: only on this machine',
  },
  {
    name: 'no-titles',
    group: 'Models',
    variables: ['PARLEY_NO_TITLES'],
    help: 'Do not ask the model for titles of sessions',
  },
  {
    name: 'max-run-seconds',
    group: 'Agents',
    value: 'SECONDS',
    variables: ['PARLEY_MAX_RUN_SECONDS'],
    help: 'A run that has worked so long asks to go on; 0 is no limit. Default: 1800',
  },
  {
    name: 'max-run-tool-calls',
    group: 'Agents',
    value: 'COUNT',
    variables: ['PARLEY_MAX_RUN_TOOL_CALLS'],
    help: 'A run that has begun so many tool calls asks to go on; 0 is no limit. Default: 200',
  },
  {
    name: 'fake',
    group: 'Models',
    value: 'FILE',
    variables: ['PARLEY_FAKE'],
    help: 'Answer from a recording instead of calling models; needs no key',
  },
  {
    name: 'record',
    group: 'Models',
    value: 'FILE',
    variables: ['PARLEY_RECORD'],
    help: 'Write all model traffic to a file for --fake; keys are left out',
  },
  {
    name: 'data-dir',
    group: 'Storage',
    value: 'DIR',
    variables: ['PARLEY_DATA_DIR'],
    help: 'Where the embedded database lives. Default: .parley in the current directory',
  },
  {
    name: 'database-url',
    group: 'Storage',
    value: 'URL',
    variables: ['PARLEY_DATABASE_URL', 'DATABASE_URL'],
    help: 'Keep everything in this Postgres (15 or newer) instead: postgres://user@host/name',
  },
  {
    name: 'archive-url',
    group: 'Storage',
    value: 'URL',
    variables: ['PARLEY_ARCHIVE_URL'],
    help: 'Post each finished turn here, signed with the secret in PARLEY_ARCHIVE_SECRET. Default: nowhere',
  },
  {
    name: 'compact-after',
    group: 'Storage',
    value: 'SECONDS',
    variables: ['PARLEY_COMPACT_AFTER'],
    help: 'Keep the deltas of a finished run as they were streamed for so long, then join them. Default: 60',
  },
  {
    name: 'event-retention',
    group: 'Storage',
    value: 'DAYS',
    variables: ['PARLEY_EVENT_RETENTION'],
    help: 'Delete the events of a run so long after it ended; messages stay. 0 keeps them. Default: 30',
  },
  {
    name: 'session-timeout',
    group: 'Storage',
    value: 'SECONDS',
    variables: ['PARLEY_SESSION_TIMEOUT'],
    help: 'Remove a session when nothing happened in it for so long. Default: never',
  },
  {
    name: 'listen',
    group: 'Network',
    value: 'ADDRESS',
    variables: ['PARLEY_LISTEN'],
    help: 'HOST:PORT, :PORT (on 127.0.0.1) or [IPV6]:PORT; port 0 takes a free one. Default: 127.0.0.1:8080',
  },
  {
    name: 'http-token',
    group: 'Network',
    value: 'TOKEN',
    variables: ['PARLEY_HTTP_TOKEN'],
    help: 'One key with every scope, sent as Authorization: Bearer TOKEN; a flag is seen by everyone on the machine, the variable is not',
  },
  {
    name: 'jwks-url',
    group: 'Network',
    value: 'URL',
    variables: ['PARLEY_JWKS_URL'],
    help: 'Take tokens of the identity provider whose keys are there; needs --jwt-audience',
  },
  {
    name: 'jwt-audience',
    group: 'Network',
    value: 'TEXT',
    variables: ['PARLEY_JWT_AUDIENCE'],
    help: 'The aud that those tokens must have',
  },
  {
    name: 'jwt-issuer',
    group: 'Network',
    value: 'TEXT',
    variables: ['PARLEY_JWT_ISSUER'],
    help: 'The iss that those tokens must have. Default: any that the keys sign',
  },
  {
    name: 'jwt-tenant-claim',
    group: 'Network',
    value: 'NAME',
    variables: ['PARLEY_JWT_TENANT_CLAIM'],
    help: 'The claim that names the tenant. Default: everybody is in the tenant default',
  },
  {
    name: 'jwt-subject-claim',
    group: 'Network',
    value: 'NAME',
    variables: ['PARLEY_JWT_SUBJECT_CLAIM'],
    help: 'The claim that names the owner of sessions. Default: sub',
  },
  {
    name: 'jwt-scopes-claim',
    group: 'Network',
    value: 'NAME',
    variables: ['PARLEY_JWT_SCOPES_CLAIM'],
    help: 'The claim with the scopes, as words or a list. Default: scope',
  },
  {
    name: 'cors-origin',
    group: 'Network',
    value: 'ORIGIN',
    many: true,
    variables: ['PARLEY_CORS_ORIGIN'],
    help: 'Let web pages of this origin call, as https://app.example.org, or * for all; may be repeated. Default: those of this machine, on a loopback address',
  },
  {
    name: 'insecure-no-auth',
    group: 'Network',
    variables: ['PARLEY_INSECURE_NO_AUTH'],
    help: 'Need no key, on any address: everyone who reaches it may do everything',
  },
  {
    name: 'rate-limit',
    group: 'Network',
    value: 'N[/BURST]',
    variables: ['PARLEY_RATE_LIMIT'],
    help: 'Requests a minute, and at once, for each key or address; 0 is no limit. Default: 600/120, none on loopback without a key',
  },
  {
    name: 'trust-proxy',
    group: 'Network',
    variables: ['PARLEY_TRUST_PROXY'],
    help: 'Callers are told apart by the last address of X-Forwarded-For, which your proxy must write',
  },
  {
    name: 'max-body',
    group: 'Network',
    value: 'BYTES',
    variables: ['PARLEY_MAX_BODY'],
    help: "Bytes of a request's body. Default: 1048576",
  },
  {
    name: 'max-streams',
    group: 'Network',
    value: 'COUNT',
    variables: ['PARLEY_MAX_STREAMS'],
    help: 'Streams that this instance holds open. Default: 2000',
  },
  {
    name: 'max-key-streams',
    group: 'Network',
    value: 'COUNT',
    variables: ['PARLEY_MAX_KEY_STREAMS'],
    help: 'Streams of one key on this instance. Default: 50',
  },
  {
    name: 'max-key-runs',
    group: 'Network',
    value: 'COUNT',
    variables: ['PARLEY_MAX_KEY_RUNS'],
    help: 'Runs of one key that run at once. Default: 10',
  },
  {
    name: 'approval-timeout',
    group: 'Agents',
    value: 'SECONDS',
    variables: ['PARLEY_APPROVAL_TIMEOUT'],
    help: 'An approval or a question that nobody answers expires after so long. Default: 86400',
  },
  {
    name: 'metrics-listen',
    group: 'Network',
    value: 'HOST:PORT',
    variables: ['PARLEY_METRICS_LISTEN'],
    help: 'Serve /metrics, and nothing else, at this address too: without a key, so keep it inside',
  },
  {
    name: 'instance-name',
    group: 'Network',
    value: 'NAME',
    variables: ['PARLEY_INSTANCE_NAME', 'PAWAN_AGENT_ID'],
    help: 'What this instance calls itself. Default: parley@ and the host name',
  },
  {
    name: 'log-level',
    group: 'Logs',
    value: 'LEVEL',
    variables: ['PARLEY_LOG_LEVEL'],
    help: 'debug, info, warn or error; on stderr. Default: info',
  },
  {
    name: 'log-format',
    group: 'Logs',
    value: 'json|text',
    variables: ['PARLEY_LOG_FORMAT'],
    help: 'One JSON object a line, or text for people. Default: text on a terminal, else json',
  },
]
