import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** A script of its own that runs before the first paint; Vite would bundle it into a module. */
const theme = {
  tag: 'script',
  attrs: { src: './theme.js' },
  injectTo: 'head-prepend' as const,
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** `npx vite web` serves the sources while they are edited, in front of a server on its usual port. */
export default defineConfig({
  root: here('.'),
  // Works wherever the server puts the page: at / and under /parley/.
  base: './',
  plugins: [react(), { name: 'theme', transformIndexHtml: () => [theme] }],
  resolve: { alias: { 'parley-client': here('../src/client/index.ts') } },
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // One file; `npm run web` says when it is too large.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/docs', '/openapi.json'].map((path) => [path, 'http://127.0.0.1:8080']),
    ),
  },
})
