import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { Scalar } from '@scalar/hono-api-reference'
import type { Env } from './env.ts'
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
        text ??= withServer(document(), c.get('base'))
        c.header('Content-Type', 'application/json')
        return c.body(text)
      },
    },
    {
      path: '/docs',
      async handler(c, next) {
        const nonce = randomBytes(16).toString('base64')
        c.header('Content-Security-Policy', policy(nonce))
        return (await reference(nonce, c.get('base'))(c, next)) ?? c.notFound()
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

/** The document names the place below which its paths stand. */
function withServer(document: string, base: string): string {
  if (base === '') return document
  const server = { url: base, description: 'This server' }
  return JSON.stringify({ ...JSON.parse(document), servers: [server] }, null, 2)
}

/** Everything that would ask another host is turned off. */
function reference(nonce: string, base: string) {
  return Scalar<Env>({
    url: `${base}/openapi.json`,
    cdn: `${base}/docs/scalar.js`,
    bundle: false,
    nonce,
    pageTitle: 'Parley API',
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    showDeveloperTools: 'never',
    proxyUrl: '',
  })
}

// Vue sets styles inline; scripts are the vendored file and the one that starts it.
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function acceptsGzip(header: string | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(header ?? '')
}
