import type { Answer, Received } from './recording-service.ts'

/** The services as they are spoken to: each refuses what the real one refuses. */
export const searchServices: Record<string, (received: Received) => Answer> = {
  serper({ method, url, headers, body }) {
    if (method !== 'POST' || url !== '/search') return { status: 404 }
    if (headers['x-api-key'] !== 'secret') {
      return { status: 403, body: { message: 'Unauthorized.', statusCode: 403 } }
    }
    const { q, num } = JSON.parse(body)
    if (!q) return { status: 400, body: { message: 'Missing query parameter', statusCode: 400 } }
    return {
      body: {
        searchParameters: { q, num, type: 'search', engine: 'google' },
        organic: [
          {
            title: 'Parley [docs]',
            link: 'https://parley.example/a b',
            snippet: 'An agent\n server',
            date: 'Mar 1, 2026',
            position: 1,
          },
          { title: 'Bad', link: 'javascript:alert(1)', snippet: 'x', position: 2 },
          { title: 'Other', link: 'https://other.example/', position: 3 },
        ],
        credits: 1,
      },
    }
  },
  brave({ method, url, headers }) {
    const { pathname, searchParams } = new URL(url, 'http://x')
    if (method !== 'GET' || pathname !== '/res/v1/web/search') return { status: 404 }
    if (headers['x-subscription-token'] !== 'secret') return { status: 401, body: { error: {} } }
    if (Number(searchParams.get('count')) > 20) return { status: 422 }
    if (searchParams.get('q') === 'nothing') return { body: { type: 'search', query: {} } }
    return {
      body: {
        type: 'search',
        query: { original: searchParams.get('q') },
        web: {
          type: 'search',
          results: [
            {
              title: 'Tom &amp; Jerry',
              url: 'https://parley.example/',
              description: 'The <strong>agent</strong> server',
              page_age: '2026-03-01T00:00:00',
            },
          ],
        },
      },
    }
  },
  tavily({ method, url, headers, body }) {
    if (method !== 'POST' || url !== '/search') return { status: 404 }
    if (headers.authorization !== 'Bearer secret') {
      return {
        status: 401,
        body: { detail: { error: 'Unauthorized: missing or invalid API key.' } },
      }
    }
    const { query, max_results } = JSON.parse(body)
    return {
      body: {
        query,
        answer: null,
        images: [],
        results: Array.from({ length: max_results }, (_, index) => ({
          title: `Result ${index + 1}`,
          url: `https://parley.example/${index + 1}`,
          content: 'Something',
          score: 0.9,
          raw_content: null,
        })),
        response_time: 1.2,
      },
    }
  },
  searxng({ method, url }) {
    const { pathname, searchParams } = new URL(url, 'http://x')
    if (method !== 'GET' || pathname !== '/search') return { status: 404 }
    if (searchParams.get('format') !== 'json') return { status: 403, body: 'Forbidden' }
    return {
      body: {
        query: searchParams.get('q'),
        number_of_results: 0,
        results: [
          {
            url: 'https://parley.example/',
            title: 'Parley',
            content: 'An agent server',
            publishedDate: null,
            engine: 'duckduckgo',
            category: 'general',
          },
        ],
        unresponsive_engines: [],
      },
    }
  },
}
