import { z } from 'zod'

export type SearchQuery = {
  query: string
  maxResults: number
  timeRange?: TimeRange | undefined
}

export type TimeRange = (typeof timeRanges)[number]
export const timeRanges = ['day', 'week', 'month', 'year'] as const

export type SearchResult = { title: string; url: string; snippet: string; date?: string }

/** A search service: how it is asked, and what of its answer is shown. Sends nothing itself. */
export type SearchProvider = {
  /** Where it answers; null: the agent file says it. */
  base: string | null
  request(
    query: SearchQuery,
    access: { base: string; key: string },
  ): { url: string; method?: string; headers: Record<string, string>; body?: string }
  /** Throws when the answer is not what the service sends. */
  results(answer: unknown): SearchResult[]
}

const serper: SearchProvider = {
  base: 'https://google.serper.dev',
  request: ({ query, maxResults, timeRange }, { base, key }) => ({
    url: `${base}/search`,
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({
      q: query,
      num: maxResults,
      ...(timeRange ? { tbs: `qdr:${timeRange.charAt(0)}` } : {}),
    }),
  }),
  results: (answer) =>
    serperAnswer
      .parse(answer)
      .organic.map(({ title, link, snippet, date }) => toResult(title, link, snippet, date)),
}

const text = z.string().nullish()

const serperAnswer = z.object({
  organic: z.array(z.object({ title: text, link: z.string(), snippet: text, date: text })),
})

const brave: SearchProvider = {
  base: 'https://api.search.brave.com',
  request({ query, maxResults, timeRange }, { base, key }) {
    const parameters = new URLSearchParams({
      q: query,
      count: String(maxResults),
      text_decorations: 'false',
      result_filter: 'web',
      ...(timeRange ? { freshness: `p${timeRange.charAt(0)}` } : {}),
    })
    return {
      url: `${base}/res/v1/web/search?${parameters}`,
      headers: { 'x-subscription-token': key, accept: 'application/json' },
    }
  },
  results: (answer) =>
    (braveAnswer.parse(answer).web?.results ?? []).map(({ title, url, description, page_age }) =>
      toResult(title, url, description, page_age),
    ),
}

/** Without anything found there is no `web`. */
const braveAnswer = z.object({
  type: z.literal('search'),
  web: z
    .object({
      results: z.array(
        z.object({ title: text, url: z.string(), description: text, page_age: text }),
      ),
    })
    .nullish(),
})

const tavily: SearchProvider = {
  base: 'https://api.tavily.com',
  request: ({ query, maxResults, timeRange }, { base, key }) => ({
    url: `${base}/search`,
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      query,
      max_results: maxResults,
      ...(timeRange ? { time_range: timeRange } : {}),
    }),
  }),
  results: (answer) =>
    tavilyAnswer
      .parse(answer)
      .results.map(({ title, url, content, published_date }) =>
        toResult(title, url, content, published_date),
      ),
}

const tavilyAnswer = z.object({
  results: z.array(z.object({ title: text, url: z.string(), content: text, published_date: text })),
})

const searxng: SearchProvider = {
  base: null,
  request({ query, timeRange }, { base, key }) {
    const parameters = new URLSearchParams({
      q: query,
      format: 'json',
      ...(timeRange ? { time_range: timeRange } : {}),
    })
    return {
      url: `${base}/search?${parameters}`,
      headers: {
        accept: 'application/json',
        ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
      },
    }
  },
  results: (answer) =>
    searxngAnswer
      .parse(answer)
      .results.map(({ title, url, content, publishedDate }) =>
        toResult(title, url, content, publishedDate),
      ),
}

const searxngAnswer = z.object({
  results: z.array(z.object({ title: text, url: z.string(), content: text, publishedDate: text })),
})

export const searchProviders = { serper, brave, tavily, searxng }

function toResult(
  title: string | null | undefined,
  url: string,
  snippet: string | null | undefined,
  date: string | null | undefined,
): SearchResult {
  return {
    title: plain(title ?? '') || url,
    url,
    snippet: plain(snippet ?? ''),
    ...(date ? { date } : {}),
  }
}

/** Some services mark the words that were searched, and write HTML entities. */
function plain(marked: string): string {
  return marked
    .replaceAll(/<\/?(?:strong|b|em|mark)>/gi, '')
    .replaceAll(/&(amp|lt|gt|quot|#39|#x27);/g, (_whole, name: string) => entities[name] ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#x27': "'",
}
