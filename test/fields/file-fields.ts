import type { RuntimeEvent } from '#contract/event.ts'
import { ofType } from '../journeys/conversation.ts'
import { fares, fileOf, type Look, type Probe, sent, served, shown } from './probe.ts'

/** The fields beside the agents: of the whole file, of models and of providers. */
export const fileFields: Record<string, Probe> = {
  version: ofFile({ version: '1' }, { unlike: { version: '9' }, look: served, shows: true }),
  'permissions.allow': ofRules('allow', 'create_directory', { path: 'new' }, 'succeeded'),
  'permissions.ask': ofRules('ask', 'list_directory', {}, 'waiting'),
  'permissions.deny': ofRules('deny', 'list_directory', {}, 'denied'),
  'metadata.author': ofMetadata('author'),
  'metadata.description': ofMetadata('description'),
  'metadata.license': ofMetadata('license'),
  'metadata.readme': ofMetadata('readme'),
  'metadata.version': ofMetadata('version'),
  'models.*.provider': ofModel(
    { provider: 'other', model: 'm' },
    { unlike: { model: 'scripted/m' }, look: pathAsked, shows: '/v1/other/chat/completions' },
  ),
  'models.*.model': ofModel(
    { model: 'big' },
    { unlike: { model: 'small' }, look: sent('model'), shows: 'big' },
  ),
  'models.*.temperature': ofModel({ temperature: 0.3 }, { look: sent('temperature'), shows: 0.3 }),
  'models.*.max_tokens': ofModel({ max_tokens: 77 }, { look: sent('max_tokens'), shows: 77 }),
  'models.*.top_p': ofModel({ top_p: 0.4 }, { look: sent('top_p'), shows: 0.4 }),
  'models.*.frequency_penalty': ofModel(
    { frequency_penalty: 0.5 },
    { look: sent('frequency_penalty'), shows: 0.5 },
  ),
  'models.*.presence_penalty': ofModel(
    { presence_penalty: 0.6 },
    { look: sent('presence_penalty'), shows: 0.6 },
  ),
  'models.*.parallel_tool_calls': ofModel(
    { parallel_tool_calls: false },
    { look: sent('parallel_tool_calls'), shows: false },
  ),
  'models.*.thinking_budget': ofModel(
    { thinking_budget: 'high' },
    { look: sent('reasoning_effort'), shows: 'high' },
  ),
  'models.*.base_url': ofModel(
    { base_url: '{base_url}/moved' },
    { look: pathAsked, shows: '/v1/moved/chat/completions' },
  ),
  'models.*.token_key': ofModel(
    { token_key: 'PROBE_KEY' },
    { look: keySent, shows: 'Bearer probe-secret' },
  ),
  'models.*.provider_opts': ofModel(
    { provider_opts: { seed: 7 } },
    { look: sent('seed'), shows: 7 },
  ),
  'models.*.track_usage': ofModel(
    { track_usage: false },
    { look: sent('stream_options'), shows: undefined },
  ),
  'models.*.context_window': ofModel(
    { context_window: 4321 },
    { look: counted(({ context_limit }) => context_limit), shows: 4321 },
  ),
  'models.*.pricing.input': ofPricing('input', 0.05),
  'models.*.pricing.cached_input': ofPricing('cached_input', 0.05),
  'models.*.pricing.output': ofPricing('output', 0.1),
  'providers.*.base_url': ofProvider(
    { base_url: '{base_url}/moved' },
    { look: pathAsked, shows: '/v1/moved/chat/completions' },
  ),
  'providers.*.token_key': ofProvider(
    { token_key: 'PROBE_KEY' },
    { look: keySent, shows: 'Bearer probe-secret' },
  ),
  'providers.*.api_type': ofProvider(
    { api_type: 'openai_chatcompletions' },
    { unlike: { api_type: 'carrier_pigeon' }, look: served, shows: true },
  ),
}

type Fields = Record<string, unknown>
type Difference = Pick<Probe, 'look' | 'shows'> & { unlike?: Fields }

function ofFile(field: Fields, { look, shows, unlike = {} }: Difference): Probe {
  return { file: fileOf({}, field), unlike: fileOf({}, unlike), look, shows }
}

/** Rules for all agents of the file. */
function ofRules(effect: string, tool: string, args: object, shows: string): Probe {
  const files = { toolsets: [{ type: 'filesystem', path: './files' }] }
  const permissions = { [effect]: [tool] }
  return {
    file: fileOf(files, { permissions }),
    unlike: fileOf(files),
    look: fares(tool, args),
    shows,
  }
}

function ofMetadata(field: string): Probe {
  return ofFile(
    { metadata: { [field]: 'Something' } },
    { look: shown(({ config }) => config.metadata?.[field]), shows: 'Something' },
  )
}

/** A field of the model that the agent uses. */
function ofModel(field: Fields, { look, shows, unlike = {} }: Difference): Probe {
  const base = { provider: 'scripted', model: 'scripted' }
  const withModel = (own: Fields) => {
    // A model that is written provider/model has no provider of its own.
    const spec = String(own.model).includes('/') ? own : { ...base, ...own }
    return fileOf(
      { model: 'mine', toolsets: [{ type: 'think' }] },
      { models: { mine: spec }, providers: { other: { base_url: '{base_url}/other' } } },
    )
  }
  return { file: withModel(field), unlike: withModel(unlike), look, shows }
}

/** A price of 1000 dollars for a million tokens, where the others are nothing. */
function ofPricing(field: string, cost: number): Probe {
  const free = { input: 0, cached_input: 0, output: 0 }
  return ofModel(
    { pricing: { ...free, [field]: 1000 } },
    { unlike: { pricing: free }, look: counted((usage) => usage.cost), shows: cost },
  )
}

/** What is counted for an answer of 100 tokens to a prompt of 100, half of it cached. */
function counted(pick: (usage: Usage) => unknown): Look {
  return async ({ says, run }) => {
    const prompt_tokens_details = { cached_tokens: 50 }
    says({
      text: 'Done',
      usage: { prompt_tokens: 100, completion_tokens: 100, prompt_tokens_details },
    })
    const [event] = ofType((await run()).events, 'token_usage')
    return event && pick(event.usage)
  }
}

type Usage = Extract<RuntimeEvent, { type: 'token_usage' }>['usage']

/** A field of the provider of the agent's model. */
function ofProvider(field: Fields, { look, shows, unlike = {} }: Difference): Probe {
  const withProvider = (own: Fields) =>
    fileOf({ model: 'mine/model' }, { providers: { mine: { base_url: '{base_url}', ...own } } })
  return { file: withProvider(field), unlike: withProvider(unlike), look, shows }
}

async function pathAsked(subject: Parameters<Look>[0]): Promise<unknown> {
  return (await subject.run()).requests[0]?.path
}

async function keySent(subject: Parameters<Look>[0]): Promise<unknown> {
  return (await subject.run()).requests[0]?.headers.authorization
}
