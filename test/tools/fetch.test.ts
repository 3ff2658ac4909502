import { expect, test } from 'vitest'
import { createFetchToolset } from '#tools/fetch.ts'
import { createGuardedFetch } from '#tools/guarded-fetch.ts'
import { htmlToText } from '#tools/html-text.ts'
import { loopbackServer, toLoopback } from './loopback-server.ts'
import { callTool, toolContext } from './tool-context.ts'

const page = `<!doctype html><html><head><title>T</title><style>p{}</style></head><body>
<h1>Hello <b>World</b></h1><script>alert(1)</script>
<p>A <a href="/there">link</a> &amp; more.</p></body></html>`

async function site(config: Record<string, unknown> = {}) {
  const server = await loopbackServer((request, response) => {
    switch (request.url) {
      case '/page':
        return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
      case '/json':
        return response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}')
      case '/image':
        return response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.alloc(9))
      case '/latin':
        return response
          .writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' })
          .end(Buffer.from('caf\xe9', 'latin1'))
      case '/away':
        return response.writeHead(302, { location: `http://denied.example:${port}/page` }).end()
      case '/long':
        return response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(200_000))
      default:
        return response.writeHead(404, { 'content-type': 'text/plain' }).end('gone')
    }
  })
  const port = server.port
  const allowHosts = ['site.example', 'denied.example']
  const guardedFetch = createGuardedFetch({ resolve: toLoopback, allowHosts })
  const toolset = createFetchToolset({ guardedFetch })({ type: 'fetch', ...config })
  const at = (path: string) => `http://site.example:${port}${path}`
  const fetch = (args: Record<string, unknown>) => callTool(toolset, 'fetch', args)
  return { ...server, toolset, at, fetch }
}

test('a page comes as Markdown, as text or as it is', async () => {
  const { at, fetch } = await site()
  const url = at('/page')
  expect(await fetch({ urls: [url] })).toEqual({
    type: 'result',
    output: `${url}: HTTP 200\n\n# Hello **World**\n\nA [link](${at('/there')}) & more.`,
    is_error: false,
  })
  expect(await fetch({ urls: [url], format: 'text' })).toMatchObject({
    output: `${url}: HTTP 200\n\nHello World\n\nA link & more.`,
  })
  expect(await fetch({ urls: [url], format: 'html' })).toMatchObject({
    output: `${url}: HTTP 200\n\n${page}`,
  })
})

test('other text comes as it is, in its own encoding, and binary data is said to be so', async () => {
  const { at, fetch } = await site()
  expect(await fetch({ urls: [at('/json'), at('/latin'), at('/image')] })).toMatchObject({
    output: [
      `${at('/json')}: HTTP 200\n\n{"a":1}`,
      `${at('/latin')}: HTTP 200\n\ncafé`,
      `${at('/image')}: HTTP 200\n\n(binary: image/png, 9 bytes)`,
    ].join('\n\n'),
  })
})

test('one page that fails does not fail the others; all that fail do', async () => {
  const { at, fetch } = await site()
  const mixed = await fetch({ urls: [at('/none'), at('/json'), 'http://127.0.0.1/'] })
  expect(mixed).toMatchObject({ is_error: false })
  expect(mixed).toMatchObject({ output: expect.stringContaining('HTTP 404\n\ngone') })
  expect(mixed).toMatchObject({ output: expect.stringContaining('not on the public internet') })
  expect(await fetch({ urls: [at('/none')] })).toMatchObject({ is_error: true })
})

test('a long page is cut and says so', async () => {
  const { at, fetch } = await site()
  const outcome = await fetch({ urls: [at('/long')] })
  expect(outcome).toMatchObject({
    output: expect.stringMatching(/\[cut after 98304 characters\]$/),
  })
})

test.each([
  ['allow', { allow: ['*.other.example'] }],
  ['deny', { deny: ['site.*'] }],
  ['deny over allow', { allow: ['site.example'], deny: ['SITE.example.'] }],
])('%s in the agent file keeps hosts away', async (_, config) => {
  const { at, fetch, requests } = await site(config)
  expect(await fetch({ urls: [at('/page')] })).toMatchObject({
    is_error: true,
    output: expect.stringContaining('does not let this agent visit site.example'),
  })
  expect(requests).toEqual([])
})

test('a redirect to a host that the agent file denies is not followed', async () => {
  const { at, fetch, requests } = await site({ deny: ['denied.example'] })
  expect(await fetch({ urls: [at('/away')] })).toMatchObject({
    is_error: true,
    output: expect.stringContaining('visit denied.example'),
  })
  expect(requests).toHaveLength(1)
})

test('a cancelled call ends', async () => {
  const { at, toolset } = await site()
  const context = toolContext({ signal: AbortSignal.abort(new Error('cancelled')) })
  expect(await callTool(toolset, 'fetch', { urls: [at('/page')] }, context)).toMatchObject({
    output: 'cancelled',
    is_error: true,
  })
})

async function markdown(html: string): Promise<string> {
  return await htmlToText({ html, base: 'https://e.org/a/', format: 'markdown', maximum: 100_000 })
}

test.each([
  ['<p>a<p>b', 'a\n\nb'],
  ['a<br>b', 'a\nb'],
  ['<ul><li>a<ul><li>b</ul><li><p>c</p></ul>', '- a\n  - b\n- c'],
  ['<ol><li>a<li>b</ol>', '1. a\n2. b'],
  ['<ul><li></li><li>a</li></ul>', '- a'],
  ['<pre><code>x =\n  1</code></pre>', '```\nx =\n  1\n```'],
  ['<p>x <code>y()</code> <em>z</em><b></b></p>', 'x `y()` *z*'],
  [
    '<a href="b">x</a> <a href="javascript:y()">y</a> <a href="#z">z</a>',
    '[x](https://e.org/a/b) y z',
  ],
  ['<blockquote><p>a</p><p>b</p></blockquote>', '> a\n>\n> b'],
  ['<table><tr><th>A<th>B<tr><td>1<td><p>2</p></table>', '| A | B |\n| --- | --- |\n| 1 | 2 |'],
  ['<p>&lt;b&gt; &eacute;&#x1F600;</p>', '<b> é😀'],
  ['<svg><text>no</text></svg><noscript>no</noscript>yes', 'yes'],
  ['<p>unclosed <b>tags', 'unclosed **tags**'],
  ['', ''],
])('%s becomes Markdown', async (html, expected) => {
  expect(await markdown(html)).toBe(expected)
})

test.each(['<div>', '<b>', '<a href=x>', '<ul><li>', '<table><tr><td>', '<', '<a ', '&', '<!--'])(
  'five megabytes of %j are converted before the test times out, and cut',
  async (piece) => {
    const text = await markdown(piece.repeat((5 * 2 ** 20) / piece.length))
    expect(text.length).toBeLessThanOrEqual(100_001)
  },
  15_000,
)
