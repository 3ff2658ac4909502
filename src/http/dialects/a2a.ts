import { Problem } from '#contract/problem.ts'
import { protocolVersion, toCard } from './a2a-card.ts'
import { A2aFault, errorBody, faultOf, restError, rpcError } from './a2a-fault.ts'
import {
  cancelTask,
  getTask,
  listTasks,
  noPush,
  type Operation,
  type Outcome,
  sendMessage,
  streamMessage,
  subscribe,
} from './a2a-operations.ts'
import { type Answer, type Call, type Dialect, type DialectRoute, json } from './dialect.ts'
import { type Fields, isFields } from './fields.ts'

const configs = '/:agent/tasks/:task/pushNotificationConfigs'

/**
 * Agent2Agent 1.0 over JSON-RPC and over plain HTTP, at one address for each agent. A context is a
 * session, a task is a run.
 */
export const a2a: Dialect = {
  name: 'a2a',
  mount: '/a2a',
  approves: true,
  takesTextBack: true,
  routes: [
    {
      method: 'get',
      path: '/.well-known/agent-card.json',
      atRoot: true,
      scope: 'read',
      answer: showDefaultCard,
    },
    { method: 'get', path: '/:agent/.well-known/agent-card.json', scope: 'read', answer: showCard },
    { method: 'post', path: '/:agent', scope: 'read', answer: receive },
    { method: 'get', path: '/:agent/tasks', scope: 'read', answer: rest(listTasks) },
    { method: 'get', path: '/:agent/tasks/:task', scope: 'read', answer: readOne },
    { method: 'post', path: '/:agent/tasks/:task', scope: 'runs', answer: actOnOne },
    ...(['get', 'post'] as const).map((method) => withoutPush(method, configs)),
    ...(['get', 'delete'] as const).map((method) => withoutPush(method, `${configs}/:config`)),
    { method: 'get', path: '/:agent/extendedAgentCard', scope: 'read', answer: rest(extendedCard) },
    { method: 'post', path: '/:agent/:verb', scope: 'runs', answer: send },
  ],
  refuse,
}

function withoutPush(method: DialectRoute['method'], path: string): DialectRoute {
  return { method, path, scope: 'read', answer: rest(refusePush) }
}

/** Both bindings find what they read in an error here. */
function refuse({ code, message }: Problem, status: number): Answer {
  const name = statusNames[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL')
  return json(errorBody({ status, name, reason: code.toUpperCase(), message }), status)
}

const statusNames: Record<number, string> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
}

function showDefaultCard(call: Call): Answer {
  const name = call.house.agents.defaultName()
  if (name === undefined) throw new Problem('not_found', 'There is no agent')
  return json(toCard(findAgent(call, name), call))
}

function showCard(call: Call): Answer {
  return json(toCard(findAgent(call), call))
}

function findAgent({ house, params }: Call, name = params.agent ?? '') {
  const snapshot = house.agents.get(name)
  if (!snapshot) throw new Problem('not_found', `There is no agent ${name}`)
  return snapshot
}

/** The methods of the JSON-RPC binding, and whether they change something. */
const methods: Record<string, { operation: Operation; acts: boolean }> = {
  SendMessage: { operation: sendMessage, acts: true },
  SendStreamingMessage: { operation: streamMessage, acts: true },
  GetTask: { operation: getTask, acts: false },
  ListTasks: { operation: listTasks, acts: false },
  CancelTask: { operation: cancelTask, acts: true },
  SubscribeToTask: { operation: subscribe, acts: false },
  CreateTaskPushNotificationConfig: { operation: refusePush, acts: false },
  GetTaskPushNotificationConfig: { operation: refusePush, acts: false },
  ListTaskPushNotificationConfigs: { operation: refusePush, acts: false },
  DeleteTaskPushNotificationConfig: { operation: refusePush, acts: false },
  GetExtendedAgentCard: { operation: extendedCard, acts: false },
}

async function refusePush(): Promise<Outcome> {
  throw noPush()
}

async function extendedCard(): Promise<Outcome> {
  throw new A2aFault('unsupported_operation', 'There is no extended card; the card says all')
}

async function receive(call: Call): Promise<Answer> {
  const { name } = findAgent(call)
  let id: string | number | null = null
  try {
    const request = readRequest(await call.body())
    id = request.id
    checkVersion(call)
    const method = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
    if (!method) throw new A2aFault('method_not_found', `There is no method ${request.method}`)
    if (method.acts) requireRuns(call)
    const outcome = await method.operation(call.house, name, request.params)
    return answer(outcome, (result) => ({ jsonrpc: '2.0', id, result }))
  } catch (error) {
    const fault = faultOf(error)
    if (!fault) throw error
    return json({ jsonrpc: '2.0', id, error: rpcError(fault) })
  }
}

function readRequest(body: unknown): {
  id: string | number | null
  method: string
  params: Fields
} {
  if (!isFields(body) || body.jsonrpc !== '2.0' || typeof body.method !== 'string') {
    throw new A2aFault('invalid_request', 'This is no JSON-RPC 2.0 request')
  }
  const { id = null, method, params = {} } = body
  if (typeof id !== 'string' && typeof id !== 'number' && id !== null) {
    throw new A2aFault('invalid_request', 'id must be a string or a number')
  }
  if (!isFields(params)) throw new A2aFault('invalid_params', 'params must be an object')
  return { id, method, params }
}

function requireRuns({ house }: Call): void {
  if (house.may('runs')) return
  throw new Problem('forbidden', 'This takes the scope runs; use a key that has it')
}

/** Without a version this one is meant. */
function checkVersion({ header, query }: Call): void {
  const version = header('a2a-version') ?? query('A2A-Version')
  if (version === undefined || version === '' || /^1\.\d+(\.\d+)?$/.test(version)) return
  throw new A2aFault(
    'version_not_supported',
    `A2A ${version} is not spoken; this is ${protocolVersion}`,
  )
}

function answer(outcome: Outcome, wrap: (result: object) => object): Answer {
  const encode = (response: object) => `data: ${JSON.stringify(wrap(response))}\n\n`
  switch (outcome.type) {
    case 'value':
      return json(wrap(outcome.value))
    case 'whole': {
      const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }
      return { type: 'text', status: 200, body: encode({ task: outcome.task }), headers }
    }
    case 'updates': {
      const { sessionId, after, view } = outcome
      return { type: 'stream', sessionId, after, view: view(encode) }
    }
  }
}

/** The other binding: the same operations, with what they are about in the path. */
function rest(operation: Operation, params?: (call: Call) => Promise<Fields> | Fields) {
  return async (call: Call): Promise<Answer> => {
    try {
      checkVersion(call)
      const { name } = findAgent(call)
      const given = params ? await params(call) : queryOf(call)
      return answer(await operation(call.house, name, given), (result) => result)
    } catch (error) {
      const fault = faultOf(error)
      if (!fault) throw error
      const { status, body } = restError(fault)
      return json(body, status)
    }
  }
}

const queries = [
  'contextId',
  'status',
  'pageSize',
  'pageToken',
  'historyLength',
  'statusTimestampAfter',
  'includeArtifacts',
]

function queryOf({ query }: Call): Fields {
  return Object.fromEntries(queries.map((name) => [name, query(name)]))
}

function readOne(call: Call): Promise<Answer> {
  const { id, verb } = taskOf(call)
  if (verb === 'subscribe') return rest(subscribe, () => ({ id }))(call)
  if (verb !== null) throw new Problem('not_found', `There is no ${verb} to get`)
  return rest(getTask, (asked) => ({ ...queryOf(asked), id }))(call)
}

function actOnOne(call: Call): Promise<Answer> {
  const { id, verb } = taskOf(call)
  if (verb === 'cancel') return rest(cancelTask, () => ({ id }))(call)
  if (verb === 'subscribe') return rest(subscribe, () => ({ id }))(call)
  throw new Problem('not_found', 'A task can be cancelled (:cancel) or followed (:subscribe)')
}

/** `id:verb` */
function taskOf({ params: { task = '' } }: Call): { id: string; verb: string | null } {
  const [id = '', verb = null] = task.split(':')
  return { id, verb }
}

function send(call: Call): Promise<Answer> {
  const read = async ({ body }: Call) => {
    const params = await body({ anyMediaType: true })
    if (isFields(params)) return params
    throw new A2aFault('invalid_params', 'The body must be an object')
  }
  if (call.params.verb === 'message:send') return rest(sendMessage, read)(call)
  if (call.params.verb === 'message:stream') return rest(streamMessage, read)(call)
  throw new Problem('not_found', 'There are message:send and message:stream')
}
