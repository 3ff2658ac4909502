import { modelReferences } from '#contract/agent-file.ts'
import { type OpenModels, openModels } from '#providers/models.ts'
import { createOfflineModel } from '#providers/offline.ts'
import type { Model } from '#runtime/model.ts'
import type { Config } from '../../config.ts'
import { loadAgents } from './agents.ts'
import type { Check, Finding } from './check.ts'

type Found = Omit<Finding, 'name'>

const callPatience = 30_000
/** Models that are called; more would cost more than a look should. */
const mostModels = 5

/** Whether the models answer: the detected one, and those of the agents that are named. */
export function checkModels(config: Config, { namesAgents }: { namesAgents: boolean }): Check {
  return {
    name: 'model',
    async look() {
      const { environment } = config
      // A look is not recorded.
      const traffic = config.traffic.kind === 'record' ? liveTraffic : config.traffic
      const models = await openModels({ environment, traffic, offline: createOfflineModel() })
      try {
        const wanted = namesAgents ? await modelsOf(config, models) : new Map<string, Wanted>()
        if (wanted.size === 0) {
          wanted.set('', { resolve: () => models.resolve(undefined, noScope, oneToken) })
        }
        const found: Found[] = []
        for (const each of [...wanted.values()].slice(0, mostModels)) found.push(await look(each))
        return found
      } finally {
        await models.close()
      }
    },
  }
}

type Wanted = { resolve(): Model; substitution?(): string | undefined }

const liveTraffic = { kind: 'live' } as const
const noScope = { models: {}, providers: {} }
const oneToken = { max_tokens: 1 }

async function modelsOf(config: Config, models: OpenModels): Promise<Map<string, Wanted>> {
  const { snapshots } = await loadAgents(config)
  const wanted = new Map<string, Wanted>()
  for (const { file } of snapshots) {
    const scope = { models: file.models ?? {}, providers: file.providers ?? {} }
    for (const agent of Object.values(file.agents)) {
      const named = modelReferences(agent.model)
      for (const reference of named.length > 0 ? named : [undefined]) {
        wanted.set(JSON.stringify([reference, scope]), {
          resolve: () => models.resolve(reference, scope, oneToken),
          substitution: () => models.substitution(reference, scope),
        })
      }
    }
  }
  return wanted
}

async function look({ resolve, substitution }: Wanted): Promise<Found> {
  let model: Model
  try {
    const instead = substitution?.()
    if (instead !== undefined) return { status: 'warning', detail: instead }
    model = resolve()
  } catch (error) {
    return { status: 'failed', detail: messageOf(error) }
  }
  if (model.offline) {
    const remedy = 'set OPENAI_API_KEY or another provider’s key, or OPENAI_BASE_URL'
    return { status: 'warning', detail: 'no model is configured: built-in rules answer', remedy }
  }
  return call(model)
}

async function call(model: Model): Promise<Found> {
  const began = performance.now()
  let firstPiece: number | undefined
  try {
    await model.respond(
      {
        messages: [{ role: 'user', content: 'Say ok.' }],
        tools: [],
        thinking: false,
        signal: AbortSignal.timeout(callPatience),
      },
      () => {
        firstPiece ??= performance.now() - began
        return undefined
      },
    )
  } catch (error) {
    return { status: 'failed', detail: `${model.id}: ${messageOf(error)}` }
  }
  const milliseconds = firstPiece ?? performance.now() - began
  return { status: 'ok', detail: `${model.id} answers after ${Math.round(milliseconds)} ms` }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
