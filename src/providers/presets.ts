/** How a server takes a wish for reasoning. */
export type ThinkingForm =
  | 'effort'
  | 'openrouter'
  | 'anthropic'
  | 'gemini'
  | 'deepseek'
  | 'template'

/** What is special about one provider's Chat Completions. */
export type Dialect = {
  thinking: ThinkingForm
  maxTokens: 'max_tokens' | 'max_completion_tokens'
  /** Some refuse `stream_options` and tell usage anyway. */
  streamOptions: boolean
}

export type Preset = Dialect & {
  baseUrl: string
  /** Environment variables that may hold the key; none: the server needs none. */
  keyVariables: string[]
  /** What answers when nobody named a model; undefined: the first that the server lists. */
  defaultModel?: string
  /** `owned_by` in a local server's list of models, where its usual port is shared with others. */
  ownedBy?: string
}

export const defaultDialect: Dialect = {
  thinking: 'effort',
  maxTokens: 'max_tokens',
  streamOptions: true,
}

/** Providers by the name that stands before the slash; in the order in which keys are looked for. */
export const presets: Record<string, Preset> = {
  openai: {
    ...defaultDialect,
    maxTokens: 'max_completion_tokens',
    baseUrl: 'https://api.openai.com/v1',
    keyVariables: ['OPENAI_API_KEY'],
    defaultModel: 'gpt-5-mini',
  },
  anthropic: {
    ...defaultDialect,
    thinking: 'anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    keyVariables: ['ANTHROPIC_API_KEY'],
    defaultModel: 'claude-haiku-4-5',
  },
  gemini: geminiPreset(),
  google: geminiPreset(),
  openrouter: {
    ...defaultDialect,
    thinking: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    keyVariables: ['OPENROUTER_API_KEY'],
    defaultModel: 'openai/gpt-5-mini',
  },
  nvidia: hosted('https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY', 'openai/gpt-oss-120b'),
  groq: hosted('https://api.groq.com/openai/v1', 'GROQ_API_KEY', 'openai/gpt-oss-120b'),
  mistral: {
    ...hosted('https://api.mistral.ai/v1', 'MISTRAL_API_KEY', 'mistral-small-latest'),
    streamOptions: false,
  },
  deepseek: {
    ...hosted('https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY', 'deepseek-chat'),
    thinking: 'deepseek',
  },
  xai: hosted('https://api.x.ai/v1', 'XAI_API_KEY', 'grok-4-fast'),
  together: hosted('https://api.together.xyz/v1', 'TOGETHER_API_KEY', 'openai/gpt-oss-120b'),
  fireworks: hosted(
    'https://api.fireworks.ai/inference/v1',
    'FIREWORKS_API_KEY',
    'accounts/fireworks/models/gpt-oss-120b',
  ),
  cerebras: hosted('https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY', 'gpt-oss-120b'),
  huggingface: hosted('https://router.huggingface.co/v1', 'HF_TOKEN', 'openai/gpt-oss-120b'),
  moonshot: hosted('https://api.moonshot.ai/v1', 'MOONSHOT_API_KEY'),
  perplexity: hosted('https://api.perplexity.ai', 'PERPLEXITY_API_KEY', 'sonar'),
  ollama: local('http://127.0.0.1:11434/v1'),
  lmstudio: local('http://127.0.0.1:1234/v1'),
  llamacpp: { ...local('http://127.0.0.1:8080/v1', 'llamacpp'), thinking: 'template' },
  vllm: { ...local('http://127.0.0.1:8000/v1', 'vllm'), thinking: 'template' },
}

/** Local servers that are looked for at start, when no key is there. */
export const localServers = ['ollama', 'lmstudio', 'llamacpp', 'vllm']

function geminiPreset(): Preset {
  return {
    ...defaultDialect,
    thinking: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    defaultModel: 'gemini-2.5-flash',
  }
}

function hosted(baseUrl: string, keyVariable: string, defaultModel?: string): Preset {
  const named = defaultModel === undefined ? {} : { defaultModel }
  return { ...defaultDialect, baseUrl, keyVariables: [keyVariable], ...named }
}

function local(baseUrl: string, ownedBy?: string): Preset {
  return { ...defaultDialect, baseUrl, keyVariables: [], ...(ownedBy !== undefined && { ownedBy }) }
}
