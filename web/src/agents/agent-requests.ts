import { ApiError, type Client, type components } from 'parley-client'
import { once } from '../chat/request-headers.ts'
import { type AgentFile, editableText } from '../state/agent-text.ts'

/** An agent with its file as it may be edited, and what guards a change of it. */
export type LoadedAgent = {
  readonly detail: components['schemas']['AgentDetail']
  readonly tools: readonly components['schemas']['AgentToolSummary'][]
  readonly versions: readonly components['schemas']['AgentVersion'][]
  readonly text: string
  readonly etag: string
}

export async function loadAgent(client: Client, agent: string): Promise<LoadedAgent> {
  const params = { path: { agent } }
  const [{ data: detail }, { data: config, response }, { data: tools }, { data: versions }] =
    await Promise.all([
      client.GET('/api/agents/{agent}', { params }),
      client.GET('/api/agents/{agent}/config', { params }),
      client.GET('/api/agents/{agent}/tools', { params }),
      client.GET('/api/agents/{agent}/versions', { params: { ...params, query: { limit: 50 } } }),
    ])
  return {
    detail,
    tools,
    versions: versions.data,
    text: editableText(config.text, config.config),
    etag: response.headers.get('etag') ?? '',
  }
}

export type Saved =
  | { readonly type: 'saved' }
  | { readonly type: 'refused'; readonly errors: readonly { path: string; message: string }[] }
  | { readonly type: 'conflict' }

/** Changes nothing when somebody else has changed it since, or when the server finds a fault. */
export async function saveAgent(
  client: Client,
  { agent, etag, config }: { agent: string; etag: string; config: AgentFile },
): Promise<Saved> {
  return outcomeOf(
    client.PUT('/api/agents/{agent}', {
      params: { path: { agent }, header: { 'if-match': etag } },
      body: { config },
    }),
  )
}

export async function createAgent(
  client: Client,
  { name, config }: { name: string; config: AgentFile },
): Promise<Saved> {
  return outcomeOf(
    client.POST('/api/agents', { params: { header: once() }, body: { name, config } }),
  )
}

async function outcomeOf(request: Promise<unknown>): Promise<Saved> {
  try {
    await request
    return { type: 'saved' }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { code, errors = [] } = error.problem ?? {}
    if (code === 'conflict') return { type: 'conflict' }
    if ((code === 'agent_invalid' || code === 'validation_failed') && errors.length > 0) {
      return { type: 'refused', errors }
    }
    throw error
  }
}
