import { type Client, createClient } from '#client/index.ts'
import { createHome, type Home } from './app.ts'
import { checkedFetch } from './contract.ts'
import {
  type ModelServer,
  type RecordedRequest,
  type ScriptedAnswer,
  startModelServer,
} from './model-server.ts'
import { type ServerProcess, startServerProcess } from './process.ts'

export type Instance = ServerProcess & {
  name: string
  /** Each answer and frame is held against the contract. */
  client: Client
}

export type Instances<Name extends string> = {
  model: ModelServer
  home: Home
  all: Record<Name, Instance>
  /**
   * What the model answers in conversations that begin with this message, one after the other,
   * whoever asks; the last answer again and again.
   */
  plan(message: string, answers: [ScriptedAnswer, ...ScriptedAnswer[]]): void
  close(): Promise<void>
}

/** Servers as processes of their own on one Postgres, with one model. */
export async function startInstances<const Name extends string>({
  names,
  agent,
  flags = {},
}: {
  names: readonly Name[]
  agent: string
  /** More flags of one instance, as a function of the database's address. */
  flags?: { [Each in Name]?: (databaseUrl: string) => string[] }
}): Promise<Instances<Name>> {
  const plans = new Map<string, ScriptedAnswer[]>()
  const model = await startModelServer({ script: (request) => nextAnswer(plans, request) })
  const home = await createHome({ agents: { assistant: agent }, baseUrl: model.baseUrl })
  const databaseUrl = home.flags[home.flags.indexOf('--database-url') + 1] ?? ''
  const started = await Promise.all(
    names.map(async (name): Promise<[Name, Instance]> => {
      const own = flags[name]?.(databaseUrl) ?? []
      const process = await startServerProcess({ home, flags: ['--instance-name', name, ...own] })
      const client = createClient({ baseUrl: process.url, fetch: checkedFetch() })
      return [name, { ...process, name, client }]
    }),
  )
  return {
    model,
    home,
    // fromEntries forgets the names that it was given.
    all: Object.fromEntries(started) as Record<Name, Instance>,
    plan: (message, answers) => void plans.set(message, [...answers]),
    async close() {
      await Promise.all(started.map(([, instance]) => instance.kill()))
      await model.close()
      await home.remove()
    },
  }
}

function nextAnswer(
  plans: Map<string, ScriptedAnswer[]>,
  { body }: RecordedRequest,
): ScriptedAnswer {
  const first = body.messages.find(({ role }) => role === 'user')
  const answers = plans.get(String(first?.content)) ?? []
  const answer = answers.length > 1 ? answers.shift() : answers[0]
  if (!answer) throw new Error(`There is no plan for ${JSON.stringify(first?.content)}`)
  return answer
}
