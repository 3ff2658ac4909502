import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  index,
  integer,
  json,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'

/**
 * Ids compare by their bytes, whatever the database's locale: that is their order of creation on
 * every server, and an index of them is searched several times faster than by a language's rules.
 */
const id = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' })
const tenant = id('tenant').notNull()
const createdAt = timestamp('created_at', { withTimezone: true, mode: 'date' })
  .notNull()
  .default(sql`now()`)
const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })
const count = (name: string) => bigint(name, { mode: 'number' }).notNull().default(0)

/** Sums of the model calls of a session or a run. `cost` is null until a price was known. */
const totals = () => ({
  inputTokens: count('input_tokens'),
  outputTokens: count('output_tokens'),
  cachedInputTokens: count('cached_input_tokens'),
  reasoningTokens: count('reasoning_tokens'),
  cost: doublePrecision('cost'),
})

// No foreign keys: each would be checked for every event, message and call. Rows of a session are
// written under its row's lock in the statement that takes the lock, and `sessions.remove` deletes
// them after the session, so that none is left behind.
export const sessions = pgTable(
  'sessions',
  {
    id: id('id').primaryKey(),
    tenant,
    owner: id('owner').notNull(),
    externalId: id('external_id'),
    title: text('title'),
    agent: text('agent'),
    agentName: text('agent_name'),
    permissions: jsonb('permissions').notNull().default({}),
    toolsApproved: boolean('tools_approved').notNull().default(false),
    /** Tools that `approve-tool` allowed for the rest of the session. */
    allowedTools: text('allowed_tools').array().notNull().default([]),
    thinking: boolean('thinking').notNull().default(true),
    /** The model that its agent changed to. */
    modelOverride: text('model_override'),
    workingDir: text('working_dir'),
    maxIterations: integer('max_iterations'),
    metadata: jsonb('metadata').notNull().default({}),
    ...totals(),
    /** The newest event of the log; taken under this row's lock, so order is commit order. */
    lastSeq: count('last_seq'),
    /** The fence: a run writes only while its token is this one. */
    runToken: count('run_token'),
    /** The newest message of the active branch. */
    leafId: id('leaf_id'),
    /** A message got a sibling, or the leaf went back: not all messages are on the active branch. */
    branched: boolean('branched').notNull().default(false),
    /** Set on a sub-agent's session: whose log its events stand in. */
    rootId: id('root_id'),
    parentId: id('parent_id'),
    /** Why there is a parent without a root: fork, background. `import` has none. */
    origin: text('origin'),
    createdAt,
    updatedAt: time('updated_at').notNull().default(sql`now()`),
  },
  (table) => [
    uniqueIndex('sessions_external_id')
      .on(table.tenant, table.externalId)
      .where(sql`external_id is not null`),
    index('sessions_by_activity')
      .on(table.tenant, table.updatedAt, table.id)
      .where(sql`root_id is null`),
    index('sessions_by_owner')
      .on(table.tenant, table.owner, table.updatedAt, table.id)
      .where(sql`root_id is null`),
    index('sessions_by_agent')
      .on(table.tenant, table.agent, table.updatedAt, table.id)
      .where(sql`root_id is null`),
    index('sessions_by_metadata')
      .using('gin', sql`metadata jsonb_path_ops`)
      .where(sql`metadata <> '{}'`),
    index('sessions_by_root').on(table.rootId).where(sql`root_id is not null`),
    index('sessions_by_parent')
      .on(table.parentId, table.id)
      .where(sql`parent_id is not null and origin is not null`),
  ],
)

export const messages = pgTable(
  'messages',
  {
    id: id('id').primaryKey(),
    tenant,
    sessionId: id('session_id').notNull(),
    parentId: id('parent_id'),
    role: text('role').notNull(),
    agentName: text('agent_name'),
    status: text('status').notNull().default('complete'),
    /**
     * The seq of its event in the root session's log: the order of messages, whatever the clocks say.
     * Messages that came with the session, by a fork or an import, have no event, and seqs up to 0.
     */
    seq: bigint('seq', { mode: 'number' }).notNull(),
    /** The whole message as the contract shows it (created_at included); what prompts are made of. */
    body: json('body').notNull(),
    createdAt,
  },
  (table) => [
    index('messages_by_session').on(table.sessionId, table.seq),
    index('messages_by_parent').on(table.sessionId, table.parentId),
  ],
)

/**
 * Where the leaf of a session went elsewhere than on: its messages from `seq` on, up to the next such
 * row, follow the message at `parentSeq`, or none. A branch is a few ranges of seqs for that reason.
 */
export const branches = pgTable(
  'branches',
  {
    sessionId: id('session_id').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    tenant,
    parentSeq: bigint('parent_seq', { mode: 'number' }),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.seq] }),
    index('branches_by_parent').on(table.sessionId, table.parentSeq),
  ],
)

export const runs = pgTable(
  'runs',
  {
    id: id('id').primaryKey(),
    tenant,
    sessionId: id('session_id').notNull(),
    /** The session whose log, lease and token the run uses; its own for a run that was asked for. */
    rootSessionId: id('root_session_id').notNull(),
    status: text('status').notNull(),
    agent: text('agent').notNull(),
    agentName: text('agent_name').notNull(),
    agentVersion: text('agent_version').notNull(),
    model: text('model'),
    options: jsonb('options').notNull().default({}),
    leaseOwner: text('lease_owner'),
    leaseExpiresAt: time('lease_expires_at'),
    token: bigint('token', { mode: 'number' }).notNull().default(0),
    attempt: integer('attempt').notNull().default(0),
    /** A parked run goes on then although nobody decided: its questions have expired. */
    wakeAt: time('wake_at'),
    cancelRequestedAt: time('cancel_requested_at'),
    /** Waits behind the active run of its session. */
    enqueued: boolean('enqueued').notNull().default(false),
    /** Goes before the others that are enqueued: the active run was ended for it. */
    urgent: boolean('urgent').notNull().default(false),
    /** The run whose messages its own take the place of. */
    replaces: id('replaces'),
    /** Begins a branch behind the message `leaf`, or with null at the beginning, when its turn comes. */
    branchFrom: jsonb('branch_from'),
    notBefore: time('not_before'),
    deadline: time('deadline'),
    /** Model calls made, and how many are allowed now: a resume at the limit raises the latter. */
    iterations: integer('iterations').notNull().default(0),
    iterationLimit: integer('iteration_limit').notNull(),
    /** What it may spend, as it was asked for and raised since; and what the totals don't say. */
    budget: jsonb('budget'),
    toolCallCount: integer('tool_call_count').notNull().default(0),
    activeMs: count('active_ms'),
    /** Its plan, and after how many model calls it was made. */
    plan: jsonb('plan'),
    stopReason: text('stop_reason'),
    completed: boolean('completed').notNull().default(false),
    waitingFor: jsonb('waiting_for'),
    error: jsonb('error'),
    ...totals(),
    metadata: jsonb('metadata').notNull().default({}),
    firstSeq: bigint('first_seq', { mode: 'number' }).notNull(),
    lastSeq: bigint('last_seq', { mode: 'number' }),
    parentRunId: id('parent_run_id'),
    parentCallId: id('parent_call_id'),
    createdAt,
    startedAt: time('started_at'),
    finishedAt: time('finished_at'),
    /** The request that asked for it and its trace, for the logs and traces of whoever goes on. */
    traceContext: jsonb('trace_context'),
    /** Its deltas were joined into one row for each part. */
    compacted: boolean('compacted').notNull().default(false),
    /** Its events were older than is kept: they are deleted, and with them its questions. */
    eventsExpired: boolean('events_expired').notNull().default(false),
  },
  (table) => [
    uniqueIndex('runs_one_active')
      .on(table.sessionId)
      .where(sql`status in ('queued', 'running', 'waiting') and not enqueued`),
    index('runs_enqueued').on(table.sessionId, table.id).where(sql`enqueued`),
    index('runs_by_session').on(table.sessionId, table.id),
    index('runs_to_claim')
      .on(table.createdAt, table.id)
      .where(sql`status in ('queued', 'running') and parent_run_id is null`),
    index('runs_to_wake').on(table.wakeAt).where(sql`status = 'waiting'`),
    index('runs_to_compact')
      .on(table.finishedAt)
      .where(sql`not compacted and finished_at is not null and parent_run_id is null`),
    index('runs_to_expire')
      .on(table.finishedAt)
      .where(sql`not events_expired and finished_at is not null`),
    index('runs_by_parent_call').on(table.parentCallId).where(sql`parent_call_id is not null`),
  ],
)

export const events = pgTable(
  'events',
  {
    sessionId: id('session_id').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    /** The first seq, where the row stands for a range. */
    seqFrom: bigint('seq_from', { mode: 'number' }),
    tenant,
    runId: id('run_id').notNull(),
    /** The session that the event is about, where it is not the log's own. */
    subjectId: id('subject_id'),
    agent: text('agent').notNull(),
    type: text('type').notNull(),
    /**
     * The fields of the type as JSON text, byte for byte as they were sent. null where they are a
     * stored message and its id: the message with the same seq.
     */
    data: text('data'),
    createdAt,
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] })],
)

export const toolCalls = pgTable(
  'tool_calls',
  {
    id: id('id').primaryKey(),
    tenant,
    sessionId: id('session_id').notNull(),
    runId: id('run_id').notNull(),
    messageId: id('message_id').notNull(),
    ordinal: integer('ordinal').notNull(),
    /** The provider's id, as it stands in the transcript. */
    callId: id('call_id').notNull(),
    tool: text('tool').notNull(),
    arguments: text('arguments').notNull(),
    argsHash: text('args_hash').notNull(),
    definition: json('definition'),
    executor: text('executor').notNull(),
    effect: text('effect').notNull(),
    state: text('state').notNull(),
    result: json('result'),
    startedAt: time('started_at'),
    finishedAt: time('finished_at'),
    createdAt,
  },
  (table) => [
    index('tool_calls_by_run').on(table.runId),
    index('tool_calls_waiting')
      .on(table.sessionId)
      .where(sql`state in ('awaiting', 'approved', 'unknown')`),
  ],
)

export const approvals = pgTable(
  'approvals',
  {
    id: id('id').primaryKey(),
    tenant,
    owner: id('owner').notNull(),
    sessionId: id('session_id').notNull(),
    rootSessionId: id('root_session_id').notNull(),
    runId: id('run_id').notNull(),
    toolCallId: id('tool_call_id').notNull(),
    argsHash: text('args_hash').notNull(),
    status: text('status').notNull().default('pending'),
    /** The arguments that the person who approved put in place of the model's. */
    arguments: text('arguments'),
    reason: text('reason'),
    decidedBy: text('decided_by'),
    decidedAt: time('decided_at'),
    expiresAt: time('expires_at').notNull(),
    consumedAt: time('consumed_at'),
    createdAt,
  },
  (table) => [
    index('approvals_by_tenant').on(table.tenant, table.id),
    index('approvals_by_session').on(table.rootSessionId, table.id),
    index('approvals_pending').on(table.rootSessionId).where(sql`status = 'pending'`),
    index('approvals_by_call').on(table.toolCallId),
  ],
)

export const elicitations = pgTable(
  'elicitations',
  {
    id: id('id').primaryKey(),
    tenant,
    sessionId: id('session_id').notNull(),
    rootSessionId: id('root_session_id').notNull(),
    runId: id('run_id').notNull(),
    toolCallId: id('tool_call_id').notNull(),
    message: text('message').notNull(),
    mode: text('mode').notNull(),
    /** A call that is open in a process waits for the answer; it dies with the process. */
    held: boolean('held').notNull().default(false),
    /** What the call asks the user, or `outcome`: what became of it when its process died. */
    about: text('about').notNull().default('call'),
    schema: jsonb('schema'),
    url: text('url'),
    status: text('status').notNull().default('pending'),
    action: text('action'),
    content: jsonb('content'),
    expiresAt: time('expires_at').notNull(),
    createdAt,
  },
  (table) => [
    index('elicitations_pending').on(table.rootSessionId).where(sql`status = 'pending'`),
    index('elicitations_by_call').on(table.toolCallId),
  ],
)

/** Each version of an agent that ever started a run, so that the run can go on anywhere. */
export const agentVersions = pgTable('agent_versions', {
  version: text('version').primaryKey(),
  name: text('name').notNull(),
  file: json('file').notNull(),
  baseDirectory: text('base_directory').notNull(),
  /** The agents of other sources that it names, and the versions of these. */
  links: json('links'),
  createdAt,
})

/**
 * What stands for the older messages of a session in prompts. A row of its own, so that appends to
 * the session's log, which rewrite its row, don't carry the text along.
 */
export const summaries = pgTable(
  'summaries',
  {
    sessionId: id('session_id').notNull(),
    /** Of the last message that it is about. */
    seq: bigint('seq', { mode: 'number' }).notNull(),
    tenant,
    text: text('text').notNull(),
    createdAt,
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.seq] })],
)

/** What an agent's hooks gave for its prompt when it took its first step in a session; '' for nothing. */
export const sessionContexts = pgTable(
  'session_contexts',
  {
    sessionId: id('session_id').notNull(),
    agentName: text('agent_name').notNull(),
    tenant,
    text: text('text').notNull(),
    createdAt,
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.agentName] })],
)

/** One list of todos for each session; `items` is the whole list, in order. */
export const todos = pgTable('todos', {
  sessionId: id('session_id').primaryKey(),
  tenant,
  items: jsonb('items').notNull().default([]),
  updatedAt: time('updated_at').notNull().default(sql`now()`),
})

/** One list of tasks for each session, like its todos. */
export const tasks = pgTable('tasks', {
  sessionId: id('session_id').primaryKey(),
  tenant,
  items: jsonb('items').notNull().default([]),
  updatedAt: time('updated_at').notNull().default(sql`now()`),
})

/** What agents remember. `scope` and `key` say of what: a session, a person, or a person's agent. */
export const memories = pgTable(
  'memories',
  {
    id: id('id').primaryKey(),
    tenant,
    owner: id('owner').notNull(),
    scope: text('scope').notNull(),
    key: id('key').notNull(),
    text: text('text').notNull(),
    category: text('category'),
    createdAt,
    updatedAt: time('updated_at').notNull().default(sql`now()`),
  },
  (table) => [
    index('memories_by_place').on(table.tenant, table.owner, table.scope, table.key, table.id),
    index('memories_by_session').on(table.key).where(sql`scope = 'session'`),
    index('memories_by_words').using('gin', sql`to_tsvector('simple', text)`),
  ],
)

/** The agents that were made over the API and are not deleted. */
export const agents = pgTable(
  'agents',
  {
    tenant,
    name: id('name').notNull(),
    /** Its row in `agent_revisions`. */
    revision: integer('revision').notNull(),
    createdAt,
    updatedAt: time('updated_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name] })],
)

/** Every change that the API made to the agent of a name, in the database or in a file. */
export const agentRevisions = pgTable(
  'agent_revisions',
  {
    tenant,
    name: id('name').notNull(),
    revision: integer('revision').notNull(),
    version: text('version').notNull(),
    change: text('change').notNull(),
    /** As text: the order of its agents says which one answers. */
    file: json('file').notNull(),
    createdBy: text('created_by').notNull(),
    createdAt,
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name, table.revision] })],
)

/** Who did what, for administrators. Append only. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: id('id').primaryKey(),
    tenant,
    actor: text('actor').notNull(),
    action: text('action').notNull(),
    target: text('target').notNull(),
    details: jsonb('details').notNull().default({}),
    createdAt,
  },
  (table) => [index('audit_log_by_tenant').on(table.tenant, table.id)],
)

/** Answers of requests that carried an Idempotency-Key, so that the same request acts once. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenant,
    owner: id('owner').notNull(),
    operation: text('operation').notNull(),
    key: id('key').notNull(),
    /** Of the path and the body: another request under the same key is refused. */
    requestHash: text('request_hash').notNull(),
    /** in_flight until what it does is committed, then done. */
    status: text('status').notNull().default('in_flight'),
    /** An instance that died in between holds the key until then. */
    lockedUntil: time('locked_until').notNull(),
    sessionId: id('session_id'),
    runId: id('run_id'),
    responseStatus: integer('response_status'),
    responseHeaders: json('response_headers'),
    responseBody: text('response_body'),
    createdAt,
    expiresAt: time('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.owner, table.operation, table.key] }),
    index('idempotency_keys_to_expire').on(table.expiresAt),
  ],
)

/** Messages posted to a run that was going on; it takes them up before its next model call. */
export const steeredMessages = pgTable(
  'steered_messages',
  {
    id: id('id').primaryKey(),
    tenant,
    sessionId: id('session_id').notNull(),
    runId: id('run_id').notNull(),
    body: json('body').notNull(),
    createdAt,
  },
  (table) => [index('steered_messages_by_run').on(table.runId, table.id)],
)

/** Finished turns on their way to the archive; a row goes when it was taken or given up. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    id: id('id').primaryKey(),
    tenant,
    sessionId: id('session_id').notNull(),
    runId: id('run_id').notNull(),
    attempt: integer('attempt').notNull().default(0),
    /** When it is due; whoever takes it moves this ahead, so that nobody else does. */
    dueAt: time('due_at').notNull().default(sql`now()`),
    lastError: text('last_error'),
    createdAt,
  },
  (table) => [
    index('webhook_deliveries_due').on(table.dueAt),
    index('webhook_deliveries_by_session').on(table.sessionId),
  ],
)

/** Keys of callers. Only a digest of the secret is kept. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: id('id').primaryKey(),
    tenant,
    owner: id('owner').notNull(),
    name: text('name').notNull(),
    digest: text('digest').notNull(),
    scopes: text('scopes').array().notNull(),
    createdBy: text('created_by').notNull(),
    createdAt,
    expiresAt: time('expires_at'),
    revokedAt: time('revoked_at'),
    lastUsedAt: time('last_used_at'),
  },
  (table) => [index('api_keys_by_tenant').on(table.tenant, table.id)],
)

/** Short-lived tokens of browsers: one session, some verbs; a ticket works once. */
export const sessionTokens = pgTable(
  'session_tokens',
  {
    digest: id('digest').primaryKey(),
    tenant,
    owner: id('owner').notNull(),
    sessionId: id('session_id').notNull(),
    /** The key that made it: it ends with that key. */
    keyId: id('key_id'),
    verbs: text('verbs').array().notNull(),
    singleUse: boolean('single_use').notNull().default(false),
    usedAt: time('used_at'),
    createdAt,
    expiresAt: time('expires_at').notNull(),
  },
  (table) => [
    index('session_tokens_by_session').on(table.sessionId),
    index('session_tokens_to_expire').on(table.expiresAt),
  ],
)
