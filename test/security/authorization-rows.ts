import type { OperationId } from '#contract/operations.ts'

/** What the rows of the table refer to; all of it belongs to Ada of the tenant `red`. */
export type World = {
  /** With a finished run, an answer, and a call that waits for a decision. */
  session: string
  run: string
  message: string
  answer: string
  approval: string
  agent: string
  tool: string
  version: string
  key: string
  exported: unknown
  /** A name that was not used before. */
  unused(): string
  newAgent(): Promise<string>
  newTool(): Promise<string>
  newSession(): Promise<string>
}

export type Row = {
  /** What stands in the path. */
  path?: Record<string, string>
  body?: unknown
  headers?: Record<string, string>
  /** What the operation answers to who is let in. */
  admitted: number[]
}

const later = { prefer: 'respond-async' }
const code = 'export function execute() { return 1 }'

/** How to make a valid request of each operation; one without a row does not compile. */
export const rows: Record<OperationId, (world: World) => Row | Promise<Row>> = {
  listSessions: () => ({ admitted: [200] }),
  createSession: () => ({ body: {}, admitted: [201] }),
  getSession: ofSession(() => ({ admitted: [200] })),
  updateSession: ofSession(() => ({ body: { title: 'T' }, admitted: [200] })),
  deleteSession: async (world) => ({
    path: { session: await world.newSession() },
    admitted: [204],
  }),
  updateSessionTitle: ofSession(() => ({ body: { title: 'T' }, admitted: [200] })),
  updateSessionPermissions: ofSession(() => ({ body: { permissions: {} }, admitted: [200] })),
  forkSession: ofSession(() => ({ body: {}, admitted: [201] })),
  exportSession: ofSession(() => ({ admitted: [200] })),
  importSession: ({ exported }) => ({ body: exported, admitted: [201] }),
  createSessionToken: ofSession(() => ({ body: {}, admitted: [201] })),
  listMessages: ofSession(() => ({ admitted: [200] })),
  editMessage: ofSession(({ message }) => ({
    path: { message },
    body: { content: 'Hi' },
    headers: later,
    admitted: [202, 409],
  })),
  regenerateMessage: ofSession(({ answer }) => ({
    path: { message: answer },
    body: {},
    headers: later,
    admitted: [202, 409],
  })),
  runAgent: ofSession(({ agent }) => ({
    path: { agent },
    body: [{ role: 'user', content: 'Hi' }],
    headers: later,
    admitted: [202, 409],
  })),
  runNamedAgent: ofSession(({ agent }) => ({
    path: { agent, agent_name: 'root' },
    body: [{ role: 'user', content: 'Hi' }],
    headers: later,
    admitted: [202, 409],
  })),
  startChat: ofAgent(() => ({ body: { message: 'Hi' }, headers: later, admitted: [202] })),
  continueChat: ofSession(() => ({
    body: { message: 'Hi' },
    headers: later,
    admitted: [202, 409],
  })),
  chat: () => ({
    body: { message: 'Hi', agent: 'assistant' },
    headers: later,
    admitted: [202],
  }),
  getRun: ({ run }) => ({ path: { run }, admitted: [200] }),
  listRuns: ofSession(() => ({ admitted: [200] })),
  cancelRun: ({ run }) => ({ path: { run }, body: {}, admitted: [200] }),
  streamRun: ({ run }) => ({
    path: { run },
    headers: { accept: 'text/event-stream' },
    admitted: [200],
  }),
  streamSession: ofSession(() => ({
    headers: { accept: 'application/json' },
    admitted: [200],
  })),
  cancelSession: async (world) => ({
    path: { session: await world.newSession() },
    body: {},
    admitted: [409],
  }),
  resumeSession: async (world) => ({
    path: { session: await world.newSession() },
    body: { confirmation: 'approve' },
    admitted: [409],
  }),
  answerElicitation: ofSession(() => ({ body: { action: 'decline' }, admitted: [409] })),
  submitToolResult: ofSession(() => ({
    body: { tool_call_id: 'none', output: 'x' },
    admitted: [409],
  })),
  toggleToolApproval: async (world) => ({
    path: { session: await world.newSession() },
    body: {},
    admitted: [200],
  }),
  toggleThinking: ofSession(() => ({ body: {}, admitted: [200] })),
  listApprovals: () => ({ admitted: [200] }),
  decideApproval: ({ approval }) => ({
    path: { approval },
    body: { decision: 'reject' },
    admitted: [200],
  }),
  listAgents: () => ({ admitted: [200] }),
  createAgent: ({ unused }) => ({
    body: { name: unused(), system_prompt: 'Help' },
    admitted: [201],
  }),
  getAgent: ofAgent(() => ({ admitted: [200] })),
  updateAgent: ofAgent(() => ({ body: { description: 'Helps' }, admitted: [200] })),
  deleteAgent: async (world) => ({ path: { agent: await world.newAgent() }, admitted: [204] }),
  duplicateAgent: ofAgent(({ unused }) => ({ body: { new_name: unused() }, admitted: [201] })),
  reloadAgent: ofAgent(() => ({ body: {}, admitted: [200] })),
  getAgentConfig: ofAgent(() => ({ admitted: [200] })),
  getAgentPrompt: ofAgent(() => ({ admitted: [200] })),
  updateAgentPrompt: ofAgent(() => ({ body: { content: 'Help' }, admitted: [200] })),
  listAgentVersions: ofAgent(() => ({ admitted: [200] })),
  getAgentVersion: ofAgent(({ version }) => ({ path: { version }, admitted: [200] })),
  restoreAgentVersion: ofAgent(({ version }) => ({ path: { version }, body: {}, admitted: [200] })),
  listAgentTools: ofAgent(() => ({ admitted: [200] })),
  createAgentTool: ofAgent(({ unused }) => ({
    body: { name: unused(), schema_json: '{}', javascript_code: code },
    admitted: [201],
  })),
  getAgentTool: ofAgent(({ tool }) => ({ path: { tool }, admitted: [200] })),
  updateAgentTool: ofAgent(({ tool }) => ({
    path: { tool },
    body: { schema_json: '{"type":"object"}' },
    admitted: [200],
  })),
  deleteAgentTool: async (world) => ({
    path: { agent: world.agent, tool: await world.newTool() },
    admitted: [204],
  }),
  countAgentTools: ofAgent(() => ({ path: { agent_name: 'root' }, admitted: [200] })),
  listAgentSessions: ofAgent(() => ({ admitted: [200] })),
  getStats: () => ({ admitted: [200] }),
  listModels: () => ({ admitted: [200] }),
  listPeers: () => ({ admitted: [200] }),
  listKeys: () => ({ admitted: [200] }),
  createKey: () => ({ body: { name: 'test', scopes: ['read'] }, admitted: [201] }),
  revokeKey: ({ key }) => ({ path: { key }, admitted: [204] }),
  ping: () => ({ admitted: [200] }),
  getHealth: () => ({ admitted: [200] }),
  getLiveness: () => ({ admitted: [200] }),
  // Nobody here is of the operator's tenant, which they are for.
  getMetrics: () => ({ headers: { accept: 'text/plain' }, admitted: [403] }),
  getReadiness: () => ({ admitted: [200] }),
}

function ofSession(rowOf: (world: World) => Row) {
  return (world: World): Row => {
    const row = rowOf(world)
    return { ...row, path: { ...row.path, session: world.session } }
  }
}

function ofAgent(rowOf: (world: World) => Row) {
  return (world: World): Row => {
    const row = rowOf(world)
    return { ...row, path: { ...row.path, agent: world.agent } }
  }
}
