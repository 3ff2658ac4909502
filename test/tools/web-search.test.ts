import { expect, test } from 'vitest'
import { searchKeys } from '#contract/toolset-http.ts'
import { createWebSearchToolset } from '#tools/web-search.ts'
import { type Answer, type Received, recordingService } from './recording-service.ts'
import { searchServices } from './search-services.ts'
import { callTool } from './tool-context.ts'

async function engine(
  provider: keyof typeof searchKeys,
  {
    environment = { [searchKeys[provider] ?? '']: 'secret' },
    answer,
    ...config
  }: {
    environment?: Record<string, string>
    answer?: (received: Received) => Answer
    token_key?: string
    max_results?: number
  } = {},
) {
  const { received, guardedFetch, base } = await recordingService(
    answer ?? searchServices[provider],
  )
  const create = createWebSearchToolset({ guardedFetch, environment })
  const toolset = create({ type: 'web_search', provider, url: base, ...config })
  const search = (args: Record<string, unknown>) => callTool(toolset, 'web_search', args)
  return { received, search }
}

test('Serper: results are a list in Markdown and the same for programs', async () => {
  const { search, received } = await engine('serper')
  const query = { query: 'parley "agent" & more', max_results: 5, time_range: 'week' }
  expect(await search(query)).toEqual({
    type: 'result',
    output: [
      '1. [Parley \\[docs\\]](<https://parley.example/a%20b>)',
      '   Mar 1, 2026: An agent server',
      '2. [Other](<https://other.example/>)',
    ].join('\n'),
    is_error: false,
    structured: {
      results: [
        {
          title: 'Parley [docs]',
          url: 'https://parley.example/a b',
          snippet: 'An agent server',
          date: 'Mar 1, 2026',
        },
        { title: 'Other', url: 'https://other.example/', snippet: '' },
      ],
    },
  })
  expect(JSON.parse(received[0]?.body ?? '')).toEqual({
    q: 'parley "agent" & more',
    num: 5,
    tbs: 'qdr:w',
  })
})

test('Brave: marks and entities are not shown, and nothing found is said', async () => {
  const { search, received } = await engine('brave')
  expect(await search({ query: 'a & b', time_range: 'day' })).toMatchObject({
    output: '1. [Tom & Jerry](<https://parley.example/>)\n   2026-03-01T00:00:00: The agent server',
    is_error: false,
  })
  expect(received[0]?.url).toBe(
    '/res/v1/web/search?q=a+%26+b&count=8&text_decorations=false&result_filter=web&freshness=pd',
  )
  expect(await search({ query: 'nothing' })).toMatchObject({
    output: 'Nothing was found.',
    structured: { results: [] },
  })
})

test('Tavily: the number of results is the one that was asked for', async () => {
  const { search } = await engine('tavily', { max_results: 3 })
  expect(await search({ query: 'x' })).toMatchObject({
    structured: { results: [{ title: 'Result 1' }, { title: 'Result 2' }, { title: 'Result 3' }] },
  })
  expect(await search({ query: 'x', max_results: 1 })).toMatchObject({
    structured: { results: [{ title: 'Result 1' }] },
  })
})

test('SearXNG needs no key', async () => {
  const { search, received } = await engine('searxng', { environment: {} })
  expect(await search({ query: 'x', time_range: 'month' })).toMatchObject({
    output: '1. [Parley](<https://parley.example/>)\n   An agent server',
  })
  expect(received.map(({ url }) => url)).toEqual(['/search?q=x&format=json&time_range=month'])
})

test('a key may stand in another variable; one that is refused is named, not shown', async () => {
  const own = await engine('tavily', { token_key: 'MY_KEY', environment: { MY_KEY: 'secret' } })
  expect(await own.search({ query: 'x' })).toMatchObject({ is_error: false })
  const wrong = await engine('tavily', { environment: { TAVILY_API_KEY: 'other' } })
  expect(await wrong.search({ query: 'x' })).toEqual({
    type: 'result',
    output: 'tavily refused the key in TAVILY_API_KEY (HTTP 401).',
    is_error: true,
  })
  const none = await engine('tavily', { environment: {} })
  expect(await none.search({ query: 'x' })).toMatchObject({
    output: 'The environment variable TAVILY_API_KEY, which holds the search key, is not set.',
    is_error: true,
  })
  expect(none.received).toEqual([])
})

test.each<[string, Answer, string]>([
  ['a limit', { status: 429, headers: { 'retry-after': '7' } }, 'try again in 7 s'],
  ['a failure', { status: 500 }, 'brave could not search (HTTP 500)'],
  ['a page', { headers: { 'content-type': 'text/html' }, body: '<p>' }, 'cannot be read'],
  ['another form', { body: { web: { results: {} } } }, 'cannot be read'],
])('%s is an error that says so', async (_what, answer, told) => {
  const { search } = await engine('brave', { answer: () => answer })
  expect(await search({ query: 'x' })).toMatchObject({
    is_error: true,
    output: expect.stringContaining(told),
  })
})

test('without url each provider is asked at its own address', async () => {
  const asked: string[] = []
  const create = createWebSearchToolset({
    guardedFetch: ({ url }) => {
      asked.push(new URL(url).origin)
      return Promise.reject(new Error('not now'))
    },
    environment: { SERPER_API_KEY: 'a', BRAVE_API_KEY: 'b', TAVILY_API_KEY: 'c' },
  })
  for (const provider of ['serper', 'brave', 'tavily']) {
    await callTool(create({ type: 'web_search', provider }), 'web_search', { query: 'x' })
  }
  expect(asked).toEqual([
    'https://google.serper.dev',
    'https://api.search.brave.com',
    'https://api.tavily.com',
  ])
})
