import { Role, type StreamResponse, type Task, TaskState } from '@a2a-js/sdk'
import {
  type Client,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client'
import { collect } from './exchange.ts'
import { type Check, expectThat, type Target } from './suite.ts'

/** The official client: the card, a task, its stream, and what is kept of it. */
export function a2aChecks({ url, agent, headers }: Target): Check[] {
  const fetchImpl: typeof fetch = (input, init) => {
    const all = new Headers(init?.headers)
    for (const [name, value] of Object.entries(headers)) all.set(name, value)
    return fetch(input, { ...init, headers: all })
  }
  const factory = new ClientFactory({
    transports: [
      new JsonRpcTransportFactory({ fetchImpl }),
      new RestTransportFactory({ fetchImpl }),
    ],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  })
  let connected: Promise<Client> | undefined
  const connect = () => {
    connected ??= factory.createFromUrl(`${url}/a2a/${agent}/.well-known/agent-card.json`, '')
    return connected
  }
  let task: Task | undefined

  return [
    {
      name: 'the card leads to the agent, whose task is completed with an answer',
      async run() {
        const made = await (await connect()).sendMessage(messageOf('Hello!'))
        expectThat('artifacts' in made, 'the answer is no task')
        expectThat(made.status?.state === TaskState.TASK_STATE_COMPLETED, 'it is not completed')
        expectThat(textOf(made) !== '', 'there is no text')
        task = made
      },
    },
    {
      name: 'a finished task is kept',
      async run() {
        expectThat(task !== undefined, 'there is no task')
        const kept = await (await connect()).getTask({ tenant: '', id: task.id })
        expectThat(textOf(kept) === textOf(task), 'the texts differ')
      },
    },
    {
      name: 'a stream ends with the completed task',
      async run() {
        const stream = (await connect()).sendMessageStream(messageOf('And again?'))
        const events: StreamResponse[] = await collect(stream)
        const cases = events.map(({ payload }) => payload?.$case)
        expectThat(cases.includes('artifactUpdate'), `there is no text in ${cases.join(', ')}`)
        expectThat(cases.at(-1) === 'statusUpdate', `the last event is ${cases.at(-1)}`)
      },
    },
  ]
}

function messageOf(value: string) {
  return {
    tenant: '',
    metadata: undefined,
    configuration: undefined,
    message: {
      messageId: crypto.randomUUID(),
      contextId: '',
      taskId: '',
      role: Role.ROLE_USER,
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
      parts: [
        {
          content: { $case: 'text' as const, value },
          metadata: undefined,
          filename: '',
          mediaType: 'text/plain',
        },
      ],
    },
  }
}

function textOf({ artifacts }: Task): string {
  const parts = artifacts.flatMap((artifact) => artifact.parts)
  return parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('')
}
