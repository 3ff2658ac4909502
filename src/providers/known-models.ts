import type { Model } from '#runtime/model.ts'

type Known = { contextLimit: number | null; price: Model['price'] }

/** The month in which the providers' pages gave the prices below. */
export const pricesAsOf = '2025-11'

/**
 * Context windows, and US dollars for one million tokens, as the providers' pages gave them. What
 * isn't here, or has prices that depend on the prompt's length, is null.
 */
export function knownModel(provider: string, model: string): Known {
  // Releases of a model carry a date: gpt-5-mini-2025-08-07, claude-haiku-4-5-20251001.
  const name = model.replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, '')
  return table[`${provider}/${model}`] ?? table[`${provider}/${name}`] ?? unknown
}

/** The least effort that a reasoning model takes; undefined when it isn't known to take any. */
export function leastEffort(model: string): string | undefined {
  return efforts.find(([names]) => names.test(model))?.[1]
}

const efforts: [RegExp, string][] = [
  [/(?:^|\/)gpt-5\.\d/i, 'none'],
  [/(?:^|\/)gpt-5(?:-mini|-nano)?(?:-\d|$)/i, 'minimal'],
  [/(?:^|\/)(?:o[134](?:-mini)?(?:-\d|$)|gpt-oss)/i, 'low'],
  [/(?:^|\/)gemini-2\.5-flash/i, 'none'],
]

const unknown: Known = { contextLimit: null, price: null }

const table: Record<string, Known> = {
  'openai/gpt-5': known(400_000, 1.25, 10, 0.125),
  'openai/gpt-5.1': known(400_000, 1.25, 10, 0.125),
  'openai/gpt-5-mini': known(400_000, 0.25, 2, 0.025),
  'openai/gpt-5-nano': known(400_000, 0.05, 0.4, 0.005),
  'openai/gpt-4.1': known(1_047_576, 2, 8, 0.5),
  'openai/gpt-4.1-mini': known(1_047_576, 0.4, 1.6, 0.1),
  'openai/gpt-4.1-nano': known(1_047_576, 0.1, 0.4, 0.025),
  'openai/gpt-4o': known(128_000, 2.5, 10, 1.25),
  'openai/gpt-4o-mini': known(128_000, 0.15, 0.6, 0.075),
  'openai/o3': known(200_000, 2, 8, 0.5),
  'openai/o4-mini': known(200_000, 1.1, 4.4, 0.275),
  'anthropic/claude-opus-4-5': known(200_000, 5, 25, 0.5),
  'anthropic/claude-sonnet-4-5': known(200_000, 3, 15, 0.3),
  'anthropic/claude-haiku-4-5': known(200_000, 1, 5, 0.1),
  'gemini/gemini-2.5-pro': { contextLimit: 1_048_576, price: null },
  'gemini/gemini-2.5-flash': known(1_048_576, 0.3, 2.5, 0.03),
  'gemini/gemini-2.5-flash-lite': known(1_048_576, 0.1, 0.4, 0.01),
  'google/gemini-2.5-pro': { contextLimit: 1_048_576, price: null },
  'google/gemini-2.5-flash': known(1_048_576, 0.3, 2.5, 0.03),
  'google/gemini-2.5-flash-lite': known(1_048_576, 0.1, 0.4, 0.01),
  'deepseek/deepseek-chat': known(128_000, 0.28, 0.42, 0.028),
  'deepseek/deepseek-reasoner': known(128_000, 0.28, 0.42, 0.028),
  'xai/grok-4-fast': { contextLimit: 2_000_000, price: null },
  'xai/grok-4': { contextLimit: 256_000, price: null },
  'groq/openai/gpt-oss-120b': { contextLimit: 131_072, price: null },
  'groq/openai/gpt-oss-20b': { contextLimit: 131_072, price: null },
  'groq/llama-3.3-70b-versatile': { contextLimit: 131_072, price: null },
}

function known(contextLimit: number, input: number, output: number, cachedInput: number): Known {
  return { contextLimit, price: { input, output, cachedInput } }
}
