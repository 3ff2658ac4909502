import { type Message, Role, type StreamResponse, type Task, TaskState } from '@a2a-js/sdk'
import {
  type Client,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client'

export type Binding = 'JSONRPC' | 'HTTP+JSON'

/** The official client of one agent, from its card. */
export function connectA2a(
  url: string,
  {
    agent = 'assistant',
    binding = 'JSONRPC',
    token,
  }: { agent?: string; binding?: Binding; token?: string } = {},
): Promise<Client> {
  const fetchImpl: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers)
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    return fetch(input, { ...init, headers })
  }
  const Transport = binding === 'JSONRPC' ? JsonRpcTransportFactory : RestTransportFactory
  const factory = new ClientFactory({
    transports: [new Transport({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  })
  return factory.createFromUrl(url, `/a2a/${agent}/.well-known/agent-card.json`)
}

type Said = {
  text?: string
  data?: object
  taskId?: string
  contextId?: string
  returnImmediately?: boolean
}

/** A message of the user, as the client takes it. */
export function say({ text, data, taskId = '', contextId = '', returnImmediately }: Said) {
  const rest = { metadata: undefined, filename: '' }
  return {
    tenant: '',
    metadata: undefined,
    configuration:
      returnImmediately === undefined
        ? undefined
        : { acceptedOutputModes: [], taskPushNotificationConfig: undefined, returnImmediately },
    message: {
      messageId: crypto.randomUUID(),
      contextId,
      taskId,
      role: Role.ROLE_USER,
      parts: [
        ...(text === undefined
          ? []
          : [
              {
                ...rest,
                mediaType: 'text/plain',
                content: { $case: 'text' as const, value: text },
              },
            ]),
        ...(data === undefined
          ? []
          : [
              {
                ...rest,
                mediaType: 'application/json',
                content: { $case: 'data' as const, value: data },
              },
            ]),
      ],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
  }
}

/** Sends, and answers the task. */
export async function sendFor(client: Client, said: Said): Promise<Task> {
  const sent = await client.sendMessage(say(said))
  if ('messageId' in sent) throw new Error('the answer is no task')
  return sent
}

export async function collect(events: AsyncIterable<StreamResponse>): Promise<StreamResponse[]> {
  const all: StreamResponse[] = []
  for await (const event of events) all.push(event)
  return all
}

/** What a client holds after these updates: the artifact's text, and the states that it saw. */
export function gather(events: StreamResponse[]) {
  let artifact: unknown = ''
  const states: string[] = []
  for (const { payload } of events) {
    if (payload?.$case === 'task') states.push(nameOf(payload.value))
    if (payload?.$case === 'statusUpdate') states.push(nameOf(payload.value))
    if (payload?.$case === 'artifactUpdate') {
      const content = payload.value.artifact?.parts[0]?.content
      artifact = payload.value.append ? `${artifact}${content?.value}` : content?.value
    }
  }
  return { artifact, states }
}

export function nameOf({ status }: Pick<Task, 'status'>): string {
  return TaskState[status?.state ?? TaskState.UNRECOGNIZED].replace('TASK_STATE_', '')
}

export function textOf(message: Pick<Message, 'parts'> | undefined): string {
  const parts = message?.parts ?? []
  return parts.flatMap(({ content }) => (content?.$case === 'text' ? [content.value] : [])).join('')
}
