import type { Page } from './pages.ts'

/** What a person sees who opens the address: where to read on, and a request to copy. */
export function landingPage({ version }: { version: string }): Page {
  return {
    path: '/',
    handler(c) {
      c.header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
      return c.html(toHtml({ version, origin: new URL(c.req.url).origin, base: c.get('base') }))
    },
  }
}

function toHtml({ version, origin, base }: Record<'version' | 'origin' | 'base', string>): string {
  const command = `curl -N ${origin}${base}/api/chat \\
  -H 'content-type: application/json' \\
  -d '{"message": "Hello!"}'`
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Parley</title>
    <style>
      :root { color-scheme: light dark }
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
      pre { padding: 1rem; overflow-x: auto; border: 1px solid; border-radius: 0.5rem }
    </style>
  </head>
  <body>
    <h1>Parley</h1>
    <p>This agent server runs, version ${escapeHtml(version)}. Say something:</p>
    <pre><code>${escapeHtml(command)}</code></pre>
    <p>The playground is not built here; <code>npm run web</code> in a checkout builds it.</p>
    <ul>
      <li><a href="${base}/docs">The reference</a>: every operation, to read and to try</li>
      <li><a href="${base}/openapi.json">The OpenAPI document</a></li>
      <li><a href="${base}/api/agents">The agents</a></li>
    </ul>
  </body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
