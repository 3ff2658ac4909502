import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { Page } from './pages.ts'

/**
 * The document, and a reference to read and try it. Everything comes from this server: the script
 * is vendored, and the policy of the page allows no other host.
 */
export function docsPages({ document }: { document: () => string }): Page[] {
  let text: string | undefined
  return [
    {
      path: '/openapi.json',
      handler(c) {
        text ??= document()
        c.header('Content-Type', 'application/json')
        return c.body(text)
      },
    },
    {
      path: '/docs',
      handler(c) {
        c.header('Content-Security-Policy', policy)
        return c.html(page)
      },
    },
    {
      path: '/docs/start.js',
      handler(c) {
        c.header('Content-Type', 'text/javascript; charset=utf-8')
        return c.body(startScript)
      },
    },
    {
      path: '/docs/scalar.js',
      async handler(c) {
        const packed = await readFile(scriptFile)
        c.header('Content-Type', 'text/javascript; charset=utf-8')
        c.header('Cache-Control', 'public, max-age=86400')
        c.header('Vary', 'Accept-Encoding', { append: true })
        if (!acceptsGzip(c.req.header('accept-encoding'))) return c.body(gunzipSync(packed))
        c.header('Content-Encoding', 'gzip')
        return c.body(packed)
      },
    },
  ]
}

const scriptFile = new URL('./vendor/scalar/standalone.js.gz', import.meta.url)

// Vue sets styles inline; scripts come from files only.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Parley API</title>
    <link rel="icon" href="data:," />
  </head>
  <body>
    <div id="app"></div>
    <noscript>The reference needs JavaScript; <a href="/openapi.json">the document</a> does not.</noscript>
    <script src="/docs/scalar.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`

/** Turns off everything that would ask another host. */
const configuration = {
  url: '/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  proxyUrl: '',
}

const startScript = `Scalar.createApiReference('#app', ${JSON.stringify(configuration)})\n`

function acceptsGzip(header: string | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(header ?? '')
}
